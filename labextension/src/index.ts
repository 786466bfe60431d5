import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { addDevicePlugin } from './plugins/addDevice';
import { agentsPlugin } from './plugins/agents';
import { clientPlugin } from './plugins/client';
import { devicesPlugin } from './plugins/devices';
import { launcherPlugin } from './plugins/launcher';
import { notifyPlugin } from './plugins/notify';
import { palettePlugin } from './plugins/palette';
import { practicePlugin } from './plugins/practice';
import { presencePlugin } from './plugins/presence';
import { queuePlugin } from './plugins/queue';
import { runningPlugin } from './plugins/running';
import { settingsPlugin } from './plugins/settings';
import { settingsTabPlugin } from './plugins/settingsTab';
import { sidebarPlugin } from './plugins/sidebar';
import { statusPlugin } from './plugins/status';
import { taskPlugin } from './plugins/task';
import { terminalPlugin } from './plugins/terminal';

export * from './tokens';

/** One plugin per surface. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  clientPlugin,
  settingsPlugin,
  sidebarPlugin,
  taskPlugin,
  terminalPlugin,
  statusPlugin,
  runningPlugin,
  launcherPlugin,
  practicePlugin,
  agentsPlugin,
  devicesPlugin,
  addDevicePlugin,
  queuePlugin,
  settingsTabPlugin,
  palettePlugin,
  notifyPlugin,
  presencePlugin
];

export default plugins;
