/**
 * One turn of the event loop: sockets are read, then all requests that became ready are
 * sent together. Collecting them means fewer wake-ups and warmer caches, and it gives a
 * meaning to "every socket was looked at since".
 */
export interface Task {
  run(): void;
}

export class Turn {
  /** Counts the turns in which something was scheduled. */
  number = 0;
  private tasks: Task[] = [];
  private scheduled = false;
  /** The tasks of the turn that is ending. */
  private current: Task[] | null = null;
  private readonly flush = (): void => this.runTasks();

  /** Runs the task at the end of this turn, after all readable sockets were read. */
  schedule(task: Task): void {
    this.tasks.push(task);
    this.mark();
  }

  /** Like `schedule`; while the tasks of a turn run, it still belongs to that turn. */
  soon(task: Task): void {
    if (this.current !== null) this.current.push(task);
    else this.schedule(task);
  }

  /**
   * Makes this turn count, and returns the number of the first turn at whose end every
   * socket will have been polled again.
   */
  mark(): number {
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(this.flush);
    }
    return this.number + 2;
  }

  private runTasks(): void {
    const current = this.tasks;
    this.tasks = [];
    this.current = current;
    this.scheduled = false;
    this.number++;
    let next = 0;
    try {
      // What is asked for soon is appended meanwhile.
      while (next < current.length) current[next++]!.run();
    } finally {
      this.current = null;
      if (next < current.length) this.postpone(current.slice(next));
    }
  }

  /** One that throws keeps no other from running. */
  private postpone(tasks: Task[]): void {
    this.tasks = tasks.concat(this.tasks);
    this.mark();
  }
}
