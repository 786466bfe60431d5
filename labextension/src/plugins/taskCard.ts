import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { forAgents } from '../components/agentText';
import { CARD_TYPE } from '../model/card';
import { IWegent } from '../tokens';
import { TaskCard } from '../widgets/taskCard';

/** Before HTML (50) and Markdown (60), which go beside it for those who have no Wegent. */
const RANK = 10;

/** Shows tasks in the outputs of notebooks, those of untrusted notebooks included: it believes nothing that they say. */
export const taskCardPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:task-card',
  description: 'Tasks of Wegent in the outputs of notebooks',
  autoStart: true,
  requires: [IWegent, IRenderMimeRegistry],
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    rendermime: IRenderMimeRegistry
  ) => {
    const face = { ...wegent, commands: app.commands };
    const agents = forAgents(rendermime);
    rendermime.addFactory({
      safe: true,
      mimeTypes: [CARD_TYPE],
      defaultRank: RANK,
      createRenderer: () => new TaskCard(face, agents)
    });
  }
};
