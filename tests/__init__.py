"""Properties are checked on the same examples in every run; HYPOTHESIS_PROFILE=thorough looks for new ones."""

import os

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None, max_examples=25)
settings.register_profile("thorough", deadline=None, database=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
