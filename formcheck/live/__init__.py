"""Live: frames with capture times in, state and events out; one engine for the terminal and the browser.

    capture           camera or file -> newest frame         (`newest`: a thread and a slot for one)
    frame_analyser    frame -> what was seen in it           (the pose model behind `formcheck.vision`)
    recording         what was seen -> growing arrays        (landmarks and contours, never frames)
    presence          is the lifter in the picture
    gauge             the last second -> angles, rounding    (the signals of `formcheck.motion`); read by `gauge_reader`
    coach             one look -> the one thing to change before the set
    engine            all of it -> `session.Snapshot`; repetitions and verdicts are those of `judging.analysis.analyze`,
                      asked for when `analysis_schedule` says so and counted by `rep_counter`
    cues              findings -> at most one cue a repetition
    warm_up           unloaded drills, the lifter's neutral, ramp sets; followed by `warm_up_progress`
    save_set          finished sets -> report folder and history
    browser, window   the engine's two fronts: pictures with the body drawn in, for the page and for the terminal

There is no second rule book: what counts as a repetition and what is a fault is decided by the analysis of an upload.
"""
