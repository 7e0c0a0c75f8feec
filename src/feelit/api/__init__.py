"""What the public functions of Python do where several rooms join; `feelit` imports each when it is first used."""
