import { settingsIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { Commands } from '../commands';
import type { Aim } from '../model/aim';
import type { Observable } from '../model/observable';
import type { IWegentSettings } from '../tokens';
import { Composer } from './Composer';
import { useFace } from './face';
import { GatewayNotice } from './GatewayNotice';
import { useValue } from './hooks';
import { IconButton } from './IconButton';
import { openMenu, type MenuItem } from './menu';
import { OperatorNotice } from './OperatorNotice';
import { PracticeBlock } from './PracticeBlock';

/** JupyterLab's own command; Notebook has it too. */
const OPEN_SETTINGS = 'settingeditor:open';

/** The fixed part of the sidebar: what is wrong, the composer, the way in. */
export function SidePanelTop(props: {
  settings: IWegentSettings;
  folder: Observable<string | null>;
  aim: Aim;
}): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const version = useValue(gateway.version);
  const { state } = useValue(gateway.connection);
  return (
    <>
      <div className="wegent-SideTitle">
        <h2>{trans.__('Wegent')}</h2>
        <IconButton
          popup="menu"
          icon={settingsIcon}
          label={trans.__('Settings')}
          onClick={event =>
            openMenu(commands, settingsMenu(commands), event.currentTarget)
          }
        />
      </div>
      <OperatorNotice />
      <GatewayNotice />
      {version?.state === 'running' && state !== 'first' && (
        <>
          <Composer {...props} />
          <PracticeBlock />
        </>
      )}
    </>
  );
}

function settingsMenu(commands: CommandRegistry): MenuItem[] {
  const section = (name: string): MenuItem => ({
    command: Commands.openSettings,
    args: { section: name }
  });
  const look = commands.hasCommand(OPEN_SETTINGS)
    ? [null, { command: OPEN_SETTINGS, args: { query: 'Wegent' } }]
    : [];
  return [section('connections'), section('tokens'), ...look];
}
