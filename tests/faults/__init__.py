"""What is left when a process is killed, a disk is full or a clock is wrong: nothing saved is lost or half there.

`kills` ends analyses at random moments; ``python -m tests.faults`` is the long run, `test_kills` the short one.
"""
