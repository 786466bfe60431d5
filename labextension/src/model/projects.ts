import type { IProject } from '../api/projects';
import type { ITask } from '../api/types';
import { Observable } from './observable';
import { unhidden } from './text';

/** The projects as the gateway last told, by name. */
export class Projects extends Observable<readonly IProject[]> {
  constructor() {
    super([]);
  }

  get(id: number | null | undefined): IProject | undefined {
    return this.value.find(project => project.id === id);
  }

  reset(projects: readonly IProject[]): void {
    this.replace(projects.map(legible).sort(byName));
  }

  put(project: IProject): void {
    this.replace([...this.others(project.id), legible(project)].sort(byName));
  }

  /** Take an answer of REST, unless the socket told of the project already: that may be newer. */
  offer(project: IProject): void {
    if (!this.get(project.id)) {
      this.put(project);
    }
  }

  drop(id: number): void {
    this.replace(this.others(id));
  }

  private others(id: number): IProject[] {
    return this.value.filter(project => project.id !== id);
  }
}

/** What a device says of a project, with hidden characters shown; its path is what the device knows it by. */
function legible(project: IProject): IProject {
  const { name, progress, warnings } = project;
  return {
    ...project,
    name: unhidden(name),
    progress: progress && { ...progress, phase: unhidden(progress.phase) },
    warnings: warnings.map(unhidden)
  };
}

function byName(a: IProject, b: IProject): number {
  return a.name.localeCompare(b.name) || a.id - b.id;
}

/** The projects of a device. */
export function onDevice(
  projects: readonly IProject[],
  device: string | undefined
): IProject[] {
  return projects.filter(project => project.device_id === device);
}

/** The project to whose device a task is bound. */
export function boundTo(
  task: ITask | undefined,
  projects: readonly IProject[]
): IProject | undefined {
  return projects.find(
    ({ id, device_id }) =>
      id === task?.project_id && device_id === task.device_id
  );
}

/** Another task that waits or runs in the very same directory of the device. */
export function companion(
  tasks: readonly ITask[],
  device: string | undefined,
  directory: string | null
): ITask | undefined {
  const place = directory && bare(directory);
  return place
    ? tasks.find(
        task =>
          task.device_id === device &&
          task.workspace !== null &&
          bare(task.workspace) === place
      )
    : undefined;
}

/** Without what says nothing at its end. */
function bare(path: string): string {
  return path.replace(/(?!^)[\\/]+$/, '');
}
