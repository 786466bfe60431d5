import * as React from 'react';

import type { IRuntimeConfig, IUpdateRuntimeConfig } from '../../api/personal';
import type { ILoaded } from '../../model/loaded';
import { useFace } from '../face';
import { useLoaded, useValue } from '../hooks';

interface ICodexConfig extends ILoaded<IRuntimeConfig> {
  reload: () => Promise<void>;
  /** Change it, and show what became of it. */
  change: (changes: IUpdateRuntimeConfig) => Promise<void>;
}

/** The person's Codex configuration, as it is now. */
export function useCodexConfig(): ICodexConfig {
  const { gateway } = useFace();
  const { codex, proxy } = useValue(gateway.news);
  const rest = gateway.personalRest;
  const load = React.useCallback(() => rest.codex(), [rest]);
  const { value, problem, reload } = useLoaded(load, `${codex} ${proxy}`);
  const change = async (changes: IUpdateRuntimeConfig): Promise<void> => {
    await rest.setCodex(changes);
    await reload();
  };
  return { value, problem, reload, change };
}
