"""Grade the files of a class: `runner.Grader` → `submissions` → `worker` process → `gradebook`."""
