"""Live: frames with capture times in, state and events out; one engine for the terminal and the browser.

    capture    camera or file -> newest frame           (a thread and a queue of one)
    watcher    frame -> what was seen in it             (the pose model; `formcheck.vision.person_finder`)
    recording  what was seen -> growing arrays          (landmarks and contours, never frames)
    gauge      the last second -> angles and rounding   (the signals of `formcheck.motion`)
    coach      one look -> the one thing to change before the set
    engine     all of it -> `Snapshot`; repetitions and verdicts are those of `formcheck.judging.analysis.analyze`
    cues       findings -> at most one cue a repetition
    warm_up    unloaded drills, the lifter's neutral, ramp sets
    outcome    finished sets -> report folder and history
    window     a picture for the terminal's window

There is no second rule book: what counts as a repetition and what is a fault is decided by the analysis of an upload.
"""
