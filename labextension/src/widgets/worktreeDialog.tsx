import { Dialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { ITask } from '../api/types';
import { Commands } from '../commands';
import type { IFace } from '../components/face';
import { useDevice, useValue } from '../components/hooks';
import { WorktreeCleanUp } from '../components/projects/WorktreeCleanUp';
import { WorktreeRemoval } from '../model/worktreeRemoval';
import { FaceWidget } from './faceWidget';
import { SubmitDialog } from './submitDialog';

/** Show what would go with a task's worktree, and remove it where nothing is lost; says whether it was removed. */
export async function cleanUp(face: IFace, task: ITask): Promise<boolean> {
  const { gateway, trans, commands } = face;
  const removal = new WorktreeRemoval(task.id, gateway.projectRest);
  const openTerminal = (): void => {
    dialog.reject();
    void commands.execute(Commands.openTerminal, {
      task: task.id,
      device: task.device_id
    });
  };
  const dialog: SubmitDialog = new SubmitDialog(
    {
      title: trans.__('Clean up the worktree'),
      body: new FaceWidget(
        face,
        <Body task={task} removal={removal} onTerminal={openTerminal} />
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep it') }),
        Dialog.warnButton({ label: trans.__('Remove worktree') })
      ],
      defaultButton: 0
    },
    () => removal.remove()
  );
  const allow = (): void => dialog.allow(removal.possible);
  removal.changed.connect(allow);
  allow();
  void removal.look();
  const { button } = await dialog.launch();
  return button.accept;
}

function Body(props: {
  task: ITask;
  removal: WorktreeRemoval;
  onTerminal: () => void;
}): React.ReactElement {
  const { task, removal, onTerminal } = props;
  const { report, problem } = useValue(removal);
  const device = useDevice(task.device_id);
  return (
    <WorktreeCleanUp
      {...{ task, device, report, problem, onTerminal }}
      onAgain={() => void removal.look()}
    />
  );
}
