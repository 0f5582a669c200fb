"""Files that nobody should have to trust, thousands of them: each ends in a result or in one line, in time and memory.

`cases` makes them with hypothesis, `probe` opens them in a process of its own, `campaign` drives both and counts.
``python -m tests.fuzz`` is the long run, `test_fuzz` the short one with a fixed seed.
"""
