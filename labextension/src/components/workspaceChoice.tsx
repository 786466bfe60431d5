import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IDevice, IWorkspace } from '../api/types';
import { shortPath } from '../model/workspace';
import { useTrans } from './face';
import { Select, type IOption } from './Select';

/** `device`: the device's own choice, such as a new chat folder. */
type Choice = 'browsed' | 'device' | 'typed';

interface IWorkspaceChoice {
  workspace: IWorkspace;
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
  /** What the device chooses by itself. */
  own: IOption;
}): IWorkspaceChoice {
  const trans = useTrans();
  const { device, browsed, own } = options;
  const [picked, pick] = React.useState<Choice | null>(null);
  const [typed, type] = React.useState('');
  const preferred = picked ?? 'browsed';
  const choice =
    preferred === 'browsed' && browsed === null ? 'device' : preferred;
  const path = pathOf(choice, browsed, typed.trim());
  return {
    workspace: path ? { path } : {},
    missing: choice === 'typed' && !path,
    select: (
      <Select
        label={trans.__('Workspace')}
        title={path ?? own.title}
        value={choice}
        options={optionsOf(trans, browsed, own)}
        onPick={value => pick(value as Choice)}
      />
    ),
    field:
      choice === 'typed' ? (
        <input
          type="text"
          className="wegent-Field wegent-mod-code"
          aria-label={trans.__('Folder on %1', device?.name ?? '')}
          placeholder={trans.__(
            'Folder on %1, such as ~/project',
            device?.name ?? ''
          )}
          spellCheck={false}
          value={typed}
          onChange={event => type(event.target.value)}
        />
      ) : null
  };
}

function pathOf(
  choice: Choice,
  browsed: string | null,
  typed: string
): string | null {
  return { browsed, device: null, typed }[choice];
}

function optionsOf(
  trans: TranslationBundle,
  browsed: string | null,
  own: IOption
): IOption[] {
  const here = {
    value: 'browsed',
    label: trans.__('in %1', shortPath(browsed ?? '')),
    title: browsed ?? undefined
  };
  const typed = { value: 'typed', label: trans.__('in another folder…') };
  return [...(browsed === null ? [] : [here]), own, typed];
}
