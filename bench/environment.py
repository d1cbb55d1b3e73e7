"""A virtual environment with the runtime of this tree, and what it is compared with."""

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def environment(python, requirements):
    """Makes it, or brings it up to date, and returns its interpreter."""
    about = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = subprocess.run([python, "-c", about], check=True, capture_output=True, text=True).stdout.strip()
    folder = REPOSITORY / "target" / "bench" / f"{requirements.parent.name}-{version}"
    inside = folder / "bin" / "python"
    if not inside.exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        subprocess.run([inside, "-m", "pip", "install", "-q", "-r", str(requirements)], check=True)
    # The wheel of this tree, as users get it.
    subprocess.run([inside, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", str(REPOSITORY / "python")], check=True)
    return str(inside)
