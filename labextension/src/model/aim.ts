import type { IProject } from '../api/projects';
import type { Devices } from './devices';
import { Cell } from './observable';

/** `device`: the device's own choice, such as a new chat folder. */
export type Choice = 'browsed' | 'device' | 'typed' | `project:${number}`;

/** Where the composer's next task goes, as far as a person has chosen. */
export class Aim {
  readonly device = new Cell<string | null>(null);
  readonly place = new Cell<Choice | null>(null);

  constructor(devices: Devices) {
    let star = starred(devices);
    devices.changed.connect(() => {
      const next = starred(devices);
      if (next !== star) {
        // That is where new tasks shall start from then on.
        star = next;
        this.device.set(null);
      }
    });
  }

  /** Start the next task in a project. */
  at({ id, device_id }: IProject): void {
    this.device.set(device_id);
    this.place.set(`project:${id}`);
  }
}

function starred(devices: Devices): string | undefined {
  return devices.value.find(device => device.is_default)?.device_id;
}

/** The project that a choice names, among those of the device; undefined where it names none that can be worked in. */
export function chosenProject(
  choice: Choice | null,
  projects: readonly IProject[]
): IProject | undefined {
  return projects.find(
    ({ id, state }) => state === 'ready' && choice === `project:${id}`
  );
}

/** What a choice comes to on a device: what is not there gives way. */
export function effective(
  choice: Choice | null,
  there: { browsed: string | null; projects: readonly IProject[] }
): Choice {
  const wanted = choice ?? 'browsed';
  if (wanted.startsWith('project:')) {
    return chosenProject(wanted, there.projects)
      ? wanted
      : effective(null, there);
  }
  return wanted === 'browsed' && there.browsed === null ? 'device' : wanted;
}
