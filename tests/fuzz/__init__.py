"""Hostile input by the thousand: damaged videos, timelines, models, cards and files of options.

    python -m tests.fuzz --target video --cases 1000

A case is named by its target, the seed and its number, and can be made again from these. Cases run in child processes, so that
a crash, a hang or a flood of memory is seen from outside and costs only its own case.
"""
