import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IProject } from '../api/projects';
import type { IDevice, IWorkspace } from '../api/types';
import { chosenProject, effective, type Choice } from '../model/aim';
import { Cell } from '../model/observable';
import { projectOption } from '../model/projectWords';
import { shortPath } from '../model/workspace';
import { useTrans } from './face';
import { useValue } from './hooks';
import { FolderField } from './projects/FolderField';
import { Select, type IOption } from './Select';

interface IWorkspaceChoice {
  workspace: IWorkspace;
  /** Its directory is the one that is meant, instead of a path. */
  project: IProject | undefined;
  /** The directory, as far as it is known; null for a new one. */
  directory: string | null;
  /** A path still has to be typed. */
  missing: boolean;
  select: React.ReactElement;
  /** Takes the path, where one is typed. */
  field: React.ReactElement | null;
}

/** Where on a device a task runs. */
export function useWorkspaceChoice(options: {
  device: IDevice | undefined;
  /** The folder that the file browser shows; null where the device has not got it. */
  browsed: string | null;
  /** What the device chooses by itself; null where it has no choice. */
  own: IOption | null;
  /** The device's projects, where they are offered. */
  projects?: readonly IProject[];
  /** What was chosen, where others choose, too. */
  chosen?: Cell<Choice | null>;
}): IWorkspaceChoice {
  const trans = useTrans();
  const { device, browsed, own, projects = [] } = options;
  const [kept] = React.useState(
    () => new Cell<Choice | null>(own ? null : 'typed')
  );
  const chosen = options.chosen ?? kept;
  const choice = effective(useValue(chosen), { browsed, projects });
  const [typed, type] = React.useState('');
  const path = pathOf(choice, browsed, typed.trim());
  const project = chosenProject(choice, projects);
  return {
    workspace: path ? { path } : {},
    project,
    directory: path ?? project?.path ?? null,
    missing: choice === 'typed' && !path,
    select: (
      <Select
        label={trans.__('Workspace')}
        title={path ?? project?.path ?? own?.title}
        value={choice}
        options={optionsOf(trans, { browsed, own, projects })}
        onPick={value => chosen.set(value as Choice)}
      />
    ),
    field:
      choice === 'typed' ? (
        <FolderField
          device={device}
          label={trans.__('Folder on %1', device?.name ?? '')}
          placeholder={trans.__(
            'Folder on %1, such as ~/project',
            device?.name ?? ''
          )}
          value={typed}
          onChange={type}
        />
      ) : null
  };
}

function pathOf(
  choice: Choice,
  browsed: string | null,
  typed: string
): string | null {
  if (choice === 'browsed') {
    return browsed;
  }
  return choice === 'typed' ? typed : null;
}

function optionsOf(
  trans: TranslationBundle,
  there: {
    browsed: string | null;
    own: IOption | null;
    projects: readonly IProject[];
  }
): IOption[] {
  const { browsed, own, projects } = there;
  const here = {
    value: 'browsed',
    label: trans.__('in %1', shortPath(browsed ?? '')),
    title: browsed ?? undefined
  };
  const typed = { value: 'typed', label: trans.__('in another folder…') };
  return [
    ...(browsed === null ? [] : [here]),
    ...(own ? [own] : []),
    typed,
    ...projects.map(project => ({
      value: `project:${project.id}`,
      label: projectOption(trans, project),
      title: project.path ?? undefined,
      disabled: project.state !== 'ready',
      group: trans.__('Projects')
    }))
  ];
}
