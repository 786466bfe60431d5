import { terminalIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IDevice } from '../api/types';
import { Commands } from '../commands';
import { hindrance } from '../model/terminalWords';
import { useFace } from './face';
import { useAction } from './hooks';
import { IconButton } from './IconButton';

/** Opens a terminal on a device: where a task works, or in a project, if one is given. */
export function TerminalButton(props: {
  device: IDevice | undefined;
  label: string;
  task?: number;
  project?: number;
  /** Why there is nowhere to open one yet. */
  reason?: string;
}): React.ReactElement {
  const { trans, commands } = useFace();
  const { device, label, task, project } = props;
  const { busy, run } = useAction();
  const reason = hindrance(trans, device) || props.reason;
  return (
    <IconButton
      icon={terminalIcon}
      label={label}
      title={reason ? trans.__('%1 (%2)', label, reason) : label}
      disabled={busy || Boolean(reason)}
      onClick={() =>
        run(async () => {
          const args = { device: device?.device_id, task, project };
          await commands.execute(Commands.openTerminal, args);
        })
      }
    />
  );
}
