extension LifecycleTableTests {
  /// The life of a VM, a cell an expectation.
  ///
  /// `same` is the state before; a VM that becomes wanted, unwanted, or is to start again says so.
  static let expected = """
    == stopped
    nothing: helper-ended
    start restart -> starting wanted: spawn, announce
    nothing: stop stop-soon kill release hold-end release-end spawn-failed negotiated is-running is-prelaunch
    nothing: is-paused is-shutdown is-io-error is-panicked is-internal-error space no-space refused
    nothing: button-answered RESUME STOP powered-off host-signal PANICKED WATCHDOG-pause WATCHDOG-reset
    nothing: WATCHDOG-poweroff RESET RESET-storm IO-ERROR NO-SPACE exited exited-1 exited-by-9 exited-by-31
    nothing: absent absent-9 rebooted monitor-lost console answered hangs early timer
    stand-down hold hold-leave rules -> same
    start-refused -> same: announce
    spawned -> stopping: announce, signal(9)
    adopted -> starting: negotiate, announce
    == waiting
    nothing: helper-ended
    nothing: start restart release-end start-refused spawn-failed negotiated is-running is-prelaunch is-paused
    nothing: is-shutdown is-io-error is-panicked is-internal-error space no-space refused button-answered
    nothing: RESUME STOP powered-off host-signal PANICKED WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff
    nothing: RESET RESET-storm IO-ERROR NO-SPACE exited exited-1 exited-by-9 exited-by-31 monitor-lost console
    nothing: answered hangs early timer
    stop stop-soon kill hold-end -> stopped unwanted: announce
    stand-down hold-leave -> stopped: announce
    hold absent absent-9 rebooted -> same: announce
    release -> starting: spawn, announce
    spawned -> stopping: announce, signal(9)
    adopted -> starting: negotiate
    rules -> same
    == spawning
    nothing: helper-ended
    nothing: start restart release release-end start-refused negotiated is-running is-prelaunch is-paused
    nothing: is-shutdown is-io-error is-panicked is-internal-error space no-space refused button-answered
    nothing: RESUME STOP powered-off host-signal PANICKED WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff
    nothing: RESET RESET-storm IO-ERROR NO-SPACE exited exited-1 exited-by-9 exited-by-31 monitor-lost console
    nothing: answered hangs early timer
    stop stop-soon kill hold-end -> stopped unwanted: announce
    stand-down hold-leave -> stopped: announce
    hold -> waiting: announce
    spawned adopted -> same: negotiate
    spawn-failed -> failed: announce
    absent absent-9 rebooted -> same: spawn, announce
    rules -> same
    == starting
    helper-ended -> stopping: announce, signal(15)
    nothing: start restart release release-end start-refused spawn-failed is-prelaunch space no-space
    nothing: button-answered WATCHDOG-reset RESET RESET-storm IO-ERROR NO-SPACE console answered hangs early
    stop stop-soon -> stopping unwanted: announce, signal(15)
    kill -> stopping unwanted: announce, signal(9)
    stand-down -> stopping: announce, signal(15)
    hold WATCHDOG-poweroff rules -> same
    host-signal -> stopping: announce
    hold-end -> same unwanted: announce
    hold-leave -> same: announce
    spawned monitor-lost timer -> stopping: announce, signal(9)
    negotiated -> same: resume
    is-running RESUME -> running: announce
    is-paused is-io-error WATCHDOG-pause -> paused: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    is-panicked is-internal-error refused PANICKED -> stopping: announce, quit
    STOP -> same: askRunState
    exited exited-1 exited-by-31 -> failed: announce
    exited-by-9 -> backoff: announce
    adopted -> same: negotiate
    absent absent-9 rebooted -> same: spawn, announce
    == negotiated
    helper-ended -> stopping: announce, quit
    nothing: start restart release release-end start-refused spawn-failed is-prelaunch space no-space
    nothing: button-answered WATCHDOG-reset RESET RESET-storm IO-ERROR NO-SPACE console answered hangs early
    stop stop-soon -> stopping unwanted: announce, quit
    kill -> stopping unwanted: announce, signal(9)
    stand-down is-panicked is-internal-error refused PANICKED -> stopping: announce, quit
    hold WATCHDOG-poweroff rules -> same
    host-signal -> stopping: announce
    hold-end -> same unwanted: announce
    hold-leave -> same: announce
    spawned monitor-lost timer -> stopping: announce, signal(9)
    negotiated -> same: resume
    is-running RESUME -> running: announce
    is-paused is-io-error WATCHDOG-pause -> paused: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    STOP -> same: askRunState
    exited exited-1 exited-by-9 exited-by-31 -> backoff: announce
    adopted -> same: negotiate
    absent absent-9 rebooted -> same: spawn, announce
    == running
    helper-ended -> stopping: announce, quit
    nothing: start release release-end start-refused spawn-failed negotiated is-running space no-space refused
    nothing: button-answered RESUME console answered hangs early timer
    stop stop-soon -> stopping unwanted: announce, pressButton(first:true)
    restart -> stopping to start again: announce, pressButton(first:true)
    kill -> stopping unwanted: announce, signal(9)
    stand-down -> stopping: announce, pressButton(first:true)
    hold WATCHDOG-poweroff -> same
    host-signal -> stopping: announce
    hold-end -> same unwanted: announce
    hold-leave WATCHDOG-reset monitor-lost -> same: announce
    spawned -> stopping: announce, signal(9)
    is-prelaunch -> same: resume
    is-paused is-io-error WATCHDOG-pause IO-ERROR NO-SPACE -> paused: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    is-panicked is-internal-error PANICKED RESET-storm -> stopping: announce, quit
    STOP -> same: askRunState
    RESET -> same: save
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 -> backoff: announce
    adopted -> starting: negotiate
    rebooted -> starting: spawn, announce
    rules -> same: announce, probe
    == paused
    helper-ended -> stopping: announce, quit
    nothing: start release release-end start-refused spawn-failed negotiated is-prelaunch is-paused space
    nothing: no-space refused button-answered STOP WATCHDOG-reset RESET RESET-storm IO-ERROR NO-SPACE console
    nothing: answered hangs early timer
    stop stop-soon -> stopping unwanted: resume, announce, pressButton(first:true)
    restart -> stopping to start again: resume, announce, pressButton(first:true)
    kill -> stopping unwanted: announce, signal(9)
    stand-down -> stopping: resume, announce, pressButton(first:true)
    hold WATCHDOG-poweroff rules -> same
    host-signal -> stopping: announce
    hold-end -> same unwanted: announce
    hold-leave is-io-error WATCHDOG-pause monitor-lost -> same: announce
    spawned -> stopping: announce, signal(9)
    is-running RESUME -> running: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    is-panicked is-internal-error PANICKED -> stopping: announce, quit
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 -> backoff: announce
    adopted -> starting: negotiate
    rebooted -> starting: spawn, announce
    == without-space
    helper-ended -> stopping: announce, quit
    nothing: start release release-end start-refused spawn-failed negotiated is-io-error no-space refused
    nothing: button-answered STOP WATCHDOG-reset RESET RESET-storm IO-ERROR NO-SPACE console answered hangs
    nothing: early
    stop stop-soon -> stopping unwanted: announce, quit
    restart -> stopping to start again: announce, quit
    kill -> stopping unwanted: announce, signal(9)
    stand-down is-panicked is-internal-error PANICKED -> stopping: announce, quit
    hold WATCHDOG-poweroff rules -> same
    host-signal -> stopping: announce
    hold-end -> same unwanted: announce
    hold-leave is-prelaunch is-paused WATCHDOG-pause monitor-lost -> same: announce
    spawned -> stopping: announce, signal(9)
    is-running RESUME -> running: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    space -> same: resume
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 -> backoff: announce
    adopted -> starting: negotiate
    rebooted -> starting: spawn, announce
    timer -> same: checkSpace
    == found
    helper-ended -> stopping: announce, signal(15)
    nothing: start release release-end start-refused spawn-failed space no-space button-answered
    nothing: WATCHDOG-reset RESET RESET-storm console answered hangs early
    stop stop-soon hold-end -> same unwanted: announce
    restart -> same to start again: announce
    kill -> stopping unwanted: announce, signal(9)
    stand-down hold-leave monitor-lost -> same: announce
    hold WATCHDOG-poweroff rules -> same
    host-signal -> stopping: announce
    spawned timer -> stopping: announce, signal(9)
    negotiated STOP -> same: askRunState
    is-running RESUME -> running: announce
    is-prelaunch -> same: resume
    is-paused is-io-error WATCHDOG-pause IO-ERROR NO-SPACE -> paused: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    is-panicked is-internal-error refused PANICKED -> stopping: announce, quit
    exited exited-1 exited-by-9 exited-by-31 -> backoff: announce
    adopted -> same: negotiate
    absent absent-9 rebooted -> same: spawn, announce
    == found-running
    helper-ended -> stopping: announce, signal(15)
    nothing: start release release-end start-refused spawn-failed space no-space button-answered
    nothing: WATCHDOG-reset RESET RESET-storm console answered hangs early timer
    stop stop-soon hold-end -> same unwanted: announce
    restart -> same to start again: announce
    kill -> stopping unwanted: announce, signal(9)
    stand-down hold-leave monitor-lost -> same: announce
    hold WATCHDOG-poweroff rules -> same
    host-signal -> stopping: announce
    spawned -> stopping: announce, signal(9)
    negotiated STOP -> same: askRunState
    is-running RESUME -> running: announce
    is-prelaunch -> same: resume
    is-paused is-io-error WATCHDOG-pause IO-ERROR NO-SPACE -> paused: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    is-panicked is-internal-error refused PANICKED -> stopping: announce, quit
    exited exited-1 exited-by-9 exited-by-31 -> backoff: announce
    adopted -> same: negotiate
    absent absent-9 rebooted -> same: spawn, announce
    == found-to-end
    nothing: helper-ended
    start -> same wanted: announce
    stop stop-soon stand-down hold-end hold-leave -> same: announce
    restart -> same wanted to start again: announce
    kill spawned -> stopping: announce, signal(9)
    hold rules -> same
    nothing: release release-end start-refused spawn-failed space no-space button-answered host-signal
    nothing: WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff RESET RESET-storm console answered hangs early
    negotiated STOP -> same: askRunState
    is-running RESUME -> stopping: announce, pressButton(first:true)
    is-prelaunch is-shutdown is-io-error is-panicked is-internal-error refused -> stopping: announce, quit
    powered-off PANICKED IO-ERROR NO-SPACE -> stopping: announce, quit
    is-paused -> stopping: resume, announce, pressButton(first:true)
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 rebooted -> stopped: announce
    adopted -> same: negotiate, announce
    monitor-lost -> stopping: announce, signal(15), tell
    timer -> stopping: announce, signal(15)
    == to-end
    helper-ended -> stopping: announce, quit
    start -> same wanted: announce
    stop stop-soon stand-down release-end -> stopping: announce, pressButton(first:true)
    restart -> stopping wanted to start again: announce, pressButton(first:true)
    kill spawned -> stopping: announce, signal(9)
    hold WATCHDOG-poweroff -> same
    host-signal -> stopping: announce
    nothing: release start-refused spawn-failed negotiated is-running space no-space refused button-answered
    nothing: RESUME WATCHDOG-pause console answered hangs early timer
    hold-end hold-leave WATCHDOG-reset monitor-lost -> same: announce
    is-prelaunch is-paused is-io-error IO-ERROR NO-SPACE -> paused: announce
    is-shutdown is-panicked is-internal-error powered-off PANICKED RESET-storm -> stopping: announce, quit
    STOP -> same: askRunState
    RESET -> same: save
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 rebooted -> stopped: announce
    adopted -> starting: negotiate
    rules -> same: announce, probe
    == to-leave
    helper-ended -> stopping: announce, quit
    start hold WATCHDOG-poweroff -> same
    host-signal -> stopping: announce
    stop stop-soon -> stopping unwanted: announce, pressButton(first:true)
    restart -> stopping to start again: announce, pressButton(first:true)
    kill -> stopping unwanted: announce, signal(9)
    stand-down release-end -> stopping: announce, pressButton(first:true)
    nothing: release start-refused spawn-failed negotiated is-running space no-space refused button-answered
    nothing: RESUME console answered hangs early timer
    hold-end -> same unwanted: announce
    hold-leave WATCHDOG-reset monitor-lost -> same: announce
    spawned -> stopping: announce, signal(9)
    is-prelaunch -> same: resume
    is-paused is-io-error WATCHDOG-pause IO-ERROR NO-SPACE -> paused: announce
    is-shutdown powered-off -> stopping unwanted: save, dropWish, announce, quit
    is-panicked is-internal-error PANICKED RESET-storm -> stopping: announce, quit
    STOP -> same: askRunState
    RESET -> same: save
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 rebooted -> stopped: announce
    adopted -> starting: negotiate
    rules -> same: announce, probe
    == asked
    nothing: helper-ended
    start restart -> same wanted to start again: announce
    stop stop-soon hold-end -> same: announce
    kill spawned -> same: announce, signal(9)
    stand-down hold hold-leave button-answered rules -> same
    nothing: release release-end start-refused spawn-failed negotiated is-running space no-space refused
    nothing: RESUME powered-off host-signal WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff RESET RESET-storm
    nothing: console answered hangs early
    is-prelaunch is-shutdown is-io-error is-panicked is-internal-error PANICKED IO-ERROR -> same: quit
    NO-SPACE -> same: quit
    is-paused -> same: resume, pressButton(first:false)
    STOP -> same: askRunState
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 rebooted -> stopped: announce
    adopted -> starting: negotiate, announce
    monitor-lost -> same: signal(15), tell
    timer -> same: pressButton(first:false)
    == asked-to-restart
    nothing: helper-ended
    start restart -> same: announce
    stop stop-soon hold-end -> same unwanted: announce
    kill -> same unwanted: announce, signal(9)
    stand-down hold hold-leave button-answered rules -> same
    nothing: release release-end start-refused spawn-failed negotiated is-running space no-space refused
    nothing: RESUME powered-off host-signal WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff RESET RESET-storm
    nothing: console answered hangs early
    spawned -> same: announce, signal(9)
    is-prelaunch is-shutdown is-io-error is-panicked is-internal-error PANICKED IO-ERROR -> same: quit
    NO-SPACE -> same: quit
    is-paused -> same: resume, pressButton(first:false)
    STOP -> same: askRunState
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 rebooted -> starting: spawn, announce
    adopted -> starting: negotiate, announce
    monitor-lost -> same: signal(15), tell
    timer -> same: pressButton(first:false)
    == quitting
    nothing: helper-ended
    start restart -> same to start again: announce
    stop stop-soon hold-end -> same unwanted: announce
    kill -> same unwanted: announce, signal(9)
    stand-down hold hold-leave button-answered rules -> same
    nothing: release release-end start-refused spawn-failed negotiated is-running is-prelaunch is-paused
    nothing: is-shutdown is-io-error is-panicked is-internal-error space no-space refused RESUME STOP
    nothing: powered-off host-signal PANICKED WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff RESET
    nothing: RESET-storm IO-ERROR NO-SPACE console answered hangs early
    spawned -> same: announce, signal(9)
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 -> backoff: announce
    adopted -> starting: negotiate
    rebooted -> starting: spawn, announce
    monitor-lost -> same: signal(15), tell
    timer -> same: signal(15)
    == killed
    nothing: helper-ended
    start restart -> same wanted to start again: announce
    stop stop-soon hold-end -> same: announce
    kill spawned -> same: announce, signal(9)
    stand-down hold hold-leave button-answered monitor-lost rules -> same
    nothing: release release-end start-refused spawn-failed negotiated is-running is-prelaunch is-paused
    nothing: is-shutdown is-io-error is-panicked is-internal-error space no-space refused RESUME STOP
    nothing: powered-off host-signal PANICKED WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff RESET
    nothing: RESET-storm IO-ERROR NO-SPACE console answered hangs early
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 rebooted -> stopped: announce
    adopted -> starting: negotiate, announce
    timer -> same: tellUnkillable, announce
    == leaving
    nothing: helper-ended
    start restart -> same to start again: announce
    stop stop-soon hold-end -> same unwanted: announce
    kill -> same unwanted: announce, signal(9)
    nothing: stand-down release hold-leave release-end start-refused spawn-failed negotiated is-running space
    nothing: no-space refused RESUME powered-off host-signal WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff
    nothing: RESET RESET-storm console answered hangs early
    hold button-answered rules -> same
    spawned -> same: announce, signal(9)
    is-prelaunch is-shutdown is-io-error is-panicked is-internal-error PANICKED IO-ERROR -> same: quit
    NO-SPACE -> same: quit
    is-paused -> same: resume, pressButton(first:false)
    STOP -> same: askRunState
    exited exited-1 exited-by-9 exited-by-31 absent absent-9 rebooted -> stopped: announce
    adopted -> starting: negotiate, announce
    monitor-lost -> same: signal(15), tell
    timer -> same: pressButton(first:false)
    == backoff
    nothing: helper-ended
    start restart rebooted timer -> starting: spawn, announce
    stop stop-soon kill hold-end -> stopped unwanted: announce
    stand-down hold-leave -> stopped: announce
    hold rules -> same
    nothing: release release-end start-refused spawn-failed negotiated is-running is-prelaunch is-paused
    nothing: is-shutdown is-io-error is-panicked is-internal-error space no-space refused button-answered
    nothing: RESUME STOP powered-off host-signal PANICKED WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff
    nothing: RESET RESET-storm IO-ERROR NO-SPACE exited exited-1 exited-by-9 exited-by-31 absent absent-9
    nothing: monitor-lost console answered hangs early
    spawned -> stopping: announce, signal(9)
    adopted -> starting: negotiate
    == failed
    nothing: helper-ended
    start restart rebooted -> starting: spawn, announce
    stop stop-soon kill hold-end -> stopped unwanted: announce
    stand-down hold hold-leave rules -> same
    nothing: release release-end spawn-failed negotiated is-running is-prelaunch is-paused is-shutdown
    nothing: is-io-error is-panicked is-internal-error space no-space refused button-answered RESUME STOP
    nothing: powered-off host-signal PANICKED WATCHDOG-pause WATCHDOG-reset WATCHDOG-poweroff RESET
    nothing: RESET-storm IO-ERROR NO-SPACE exited exited-1 exited-by-9 exited-by-31 absent absent-9
    nothing: monitor-lost console answered hangs early timer
    start-refused -> same: announce
    spawned -> stopping: announce, signal(9)
    adopted -> starting: negotiate
    """
}
