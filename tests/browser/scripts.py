"""JavaScript that runs in the page; each text is one function."""

READY = """async () => {
    const sleep = ms => new Promise(done => setTimeout(done, ms));
    const open = () => window.jupyterapp?.shell.currentWidget?.context;
    while (!open()?.sessionContext) await sleep(20);
    await open().ready;
    await open().sessionContext.ready;
    while (open().sessionContext.session?.kernel?.status !== "idle") await sleep(20);
}"""

COMMAND = """async ([command, options, seconds]) => {
    const late = new Promise((_, fail) => setTimeout(
        () => fail(Error(`${command} took over ${seconds} s`)), 1000 * seconds));
    await Promise.race([window.jupyterapp.commands.execute(command, options), late]);
}"""

START_COMMAND = """([command, options]) => {
    window.jupyterapp.commands.execute(command, options);
}"""

IDLE = """() => {
    const context = window.jupyterapp.shell.currentWidget.context.sessionContext;
    const cells = window.jupyterapp.shell.currentWidget.content.widgets;
    return context.session?.kernel?.status === "idle"
        && cells.every(cell => !cell.model.executionState || cell.model.executionState === "idle");
}"""

SELECT = """index => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.deselectAll();
}"""

# Scrolls, and again after a layout: what lies above may change its height when it comes near.
SHOW = """async element => {
    for (let attempt = 0; attempt < 3; attempt++) {
        element.scrollIntoView({block: "center", behavior: "instant"});
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
}"""

# Resolves when the kernel is idle after it has restarted; started before the restart is.
EXPECT_RESTART = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    window.kernelRestarted = new Promise(done => {
        let restarting = false;
        const look = (_, status) => {
            restarting ||= status.includes("restarting");
            if (restarting && status === "idle") { kernel.statusChanged.disconnect(look); done(); }
        };
        kernel.statusChanged.connect(look);
    });
}"""

RESTARTED = """async seconds => {
    const late = new Promise((_, fail) => setTimeout(
        () => fail(Error(`no kernel ${seconds} s after the restart`)), 1000 * seconds));
    await Promise.race([window.kernelRestarted, late]);
}"""

SCROLL_TOP = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content.node;
    return (notebook.querySelector(".jp-WindowedPanel-outer") ?? notebook).scrollTop;
}"""

# Times from a key to the first change inside `picture`; clocks and eyes are both in the page.
WATCH = """picture => {
    window.steps = [];
    const pressed = () => window.steps.push({pressed: performance.now(), drawn: null});
    const drawn = () => {
        for (const step of window.steps) step.drawn ??= performance.now();
    };
    const observer = new MutationObserver(drawn);
    observer.observe(picture, {childList: true, subtree: true, characterData: true});
    document.addEventListener("keydown", pressed, {capture: true});
    window.stopWatching = () => {
        observer.disconnect();
        document.removeEventListener("keydown", pressed, {capture: true});
        return window.steps.map(step => step.drawn - step.pressed);
    };
}"""

DRAWN = "count => window.steps.length === count && window.steps.every(step => step.drawn !== null)"

# The name that a screen reader says, for what has the focus; null when the focus left `panel`.
FOCUSED = """panel => {
    const one = document.activeElement;
    if (!panel.contains(one)) return null;
    const label = one.labels?.[0]?.textContent;
    const role = one.getAttribute("role") ?? one.type ?? one.tagName.toLowerCase();
    return [role, (one.ariaLabel ?? label ?? one.textContent).trim()];
}"""
