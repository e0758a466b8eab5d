"""Plays agent against somebody's gateway and judges its answers by protocol v1.

``session.opened`` speaks, the topics (``presence``, ``batches``, ``faulty``, ``parallel``,
``feed``, ``results``) hold the checks, ``run`` goes through them. Nothing here knows our
own stand-in.
"""
