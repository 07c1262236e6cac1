import { StartRefused } from './ports.ts';
import { supervise, type Pace, type Supervised, type SupervisorEvents, type Unit } from './supervise.ts';

/** Stopped in this order, those of one step together; what is not named goes in the middle. The gateway first: no fan meets a half-stopped house. */
const FIRST = ['web'];
const LAST = ['redis', 'mariadb', 'mysql'];

/** What runs. Each unit is watched from the moment it has started. */
export class Running {
  readonly #processes = new Map<string, number>([['launcher', process.pid]]);
  readonly #supervised: Supervised[] = [];
  readonly #starting = new Set<Promise<unknown>>();
  readonly #events: SupervisorEvents;
  readonly #pace: Pace | undefined;
  #stopped: Promise<void> | undefined;

  constructor(events: SupervisorEvents, pace?: Pace) {
    this.#pace = pace;
    this.#events = {
      ...events,
      started: (name, pid) => {
        this.#processes.set(name, pid);
        events.started(name, pid);
      },
    };
  }

  get stopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** Process ids by name. */
  processes(): Record<string, number> {
    return Object.fromEntries(this.#processes);
  }

  /** Throws when everything is being stopped: nothing starts behind its back. */
  async start(unit: Unit): Promise<void> {
    if (this.stopped) throw new StartRefused('stopped while starting');
    const begun = unit.start().then((pid) => {
      this.#processes.set(unit.name, pid);
      this.#supervised.push(supervise(unit, this.#events, this.#pace));
    });
    this.#starting.add(begun);
    try {
      await begun;
    } finally {
      this.#starting.delete(begun);
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    await Promise.allSettled(this.#starting);
    const stop = (wanted: (name: string) => boolean): Promise<unknown> =>
      Promise.all(this.#supervised.filter(({ name }) => wanted(name)).map((unit) => unit.stop()));
    await stop((name) => FIRST.includes(name));
    await stop((name) => !FIRST.includes(name) && !LAST.includes(name));
    await stop((name) => LAST.includes(name));
  }
}
