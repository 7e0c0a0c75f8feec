"""Containers and codecs. The only room that imports PyAV."""
