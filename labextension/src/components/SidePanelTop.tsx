import { settingsIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Observable } from '../model/observable';
import type { IWegentSettings } from '../tokens';
import { Composer } from './Composer';
import { useFace } from './face';
import { GatewayNotice } from './GatewayNotice';
import { useValue } from './hooks';
import { IconButton } from './IconButton';
import { PracticeBlock } from './PracticeBlock';

/** JupyterLab's own command; Notebook has it too. */
const OPEN_SETTINGS = 'settingeditor:open';

/** The fixed part of the sidebar: what is wrong, the composer, the way in. */
export function SidePanelTop(props: {
  settings: IWegentSettings;
  folder: Observable<string | null>;
}): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const version = useValue(gateway.version);
  const { state } = useValue(gateway.connection);
  return (
    <>
      <div className="wegent-SideTitle">
        <h2>{trans.__('Wegent')}</h2>
        {commands.hasCommand(OPEN_SETTINGS) && (
          <IconButton
            icon={settingsIcon}
            label={trans.__('Settings')}
            onClick={() =>
              void commands.execute(OPEN_SETTINGS, { query: 'Wegent' })
            }
          />
        )}
      </div>
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
