"""How a failure is told: the text of a report, the journal, and what is said when there are very many."""
