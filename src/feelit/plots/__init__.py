"""Figures for papers, of timelines, studies and scores. With `training` the only room that imports matplotlib."""
