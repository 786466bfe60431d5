import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { agentsPlugin } from './plugins/agents';
import { clientPlugin } from './plugins/client';
import { launcherPlugin } from './plugins/launcher';
import { notifyPlugin } from './plugins/notify';
import { palettePlugin } from './plugins/palette';
import { practicePlugin } from './plugins/practice';
import { runningPlugin } from './plugins/running';
import { settingsPlugin } from './plugins/settings';
import { sidebarPlugin } from './plugins/sidebar';
import { statusPlugin } from './plugins/status';
import { taskPlugin } from './plugins/task';

export * from './tokens';

/** One plugin per surface. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  clientPlugin,
  settingsPlugin,
  sidebarPlugin,
  taskPlugin,
  statusPlugin,
  runningPlugin,
  launcherPlugin,
  practicePlugin,
  agentsPlugin,
  palettePlugin,
  notifyPlugin
];

export default plugins;
