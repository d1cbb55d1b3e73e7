"""The settings, the views and the addresses of a site with one file."""

import asyncio

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.urls import path
from port.radio import Radio, deaf
from port.tides import Gauges, Tides

SECRET_KEY = "harbour"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
ROOT_URLCONF = "harbour_site"
ALLOWED_HOSTS = ["*"]
USE_TZ = True


def tides():
    gauges = Gauges(north=1.5)
    gauges.down.add("south")
    return Tides(gauges.read)


async def level(request, station):
    return HttpResponse(str(await tides().level(station)))


async def warm(request, station):
    tides().warm(station)
    await asyncio.sleep(0.001)
    return HttpResponse("warm")


async def expire(request):
    tides().expire()
    return HttpResponse("expired")


async def call(request):
    radio = Radio()
    radio.listen("harbour", deaf)
    return HttpResponse(str(await radio.call("harbour", "ahoy")))


def warm_in_plain_code(request, station):
    return async_to_sync(warm)(request, station)


urlpatterns = [
    path("levels/<station>", level),
    path("warm/<station>", warm),
    path("plain/<station>", warm_in_plain_code),
    path("expire", expire),
    path("call", call),
]
