import { Dialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { IProject } from '../api/projects';
import type { IFace } from '../components/face';
import { ProjectForm } from '../components/projects/ProjectForm';
import { draftOf, isComplete, newDraft } from '../model/projectDraft';
import { ProjectEditor } from '../model/projectEditor';
import { FaceWidget } from './faceWidget';
import { SubmitDialog } from './submitDialog';

/** Let a person write down a new project, on the device that is named if that can be; done when the dialog is closed. */
export function createProject(
  face: IFace,
  device: string | null
): Promise<void> {
  const { gateway, trans } = face;
  const draft = newDraft(gateway.devices.value, device);
  const editor = new ProjectEditor(draft, null, gateway.projectRest);
  return edit(face, editor, trans.__('New project'), trans.__('Create'));
}

/** Let a person change a project. */
export function editProject(face: IFace, project: IProject): Promise<void> {
  const { gateway, trans } = face;
  const editor = new ProjectEditor(
    draftOf(project),
    project,
    gateway.projectRest
  );
  const title = trans.__('Edit %1', project.name);
  return edit(face, editor, title, trans.__('Save'));
}

async function edit(
  face: IFace,
  editor: ProjectEditor,
  title: string,
  word: string
): Promise<void> {
  const dialog: SubmitDialog = new SubmitDialog(
    {
      title,
      body: new FaceWidget(
        face,
        <ProjectForm editor={editor} onEnter={() => dialog.resolve()} />
      ),
      focusNodeSelector: 'input',
      buttons: [
        Dialog.cancelButton({ label: face.trans.__('Cancel') }),
        Dialog.okButton({ label: word })
      ]
    },
    () => editor.submit()
  );
  const allow = (): void => dialog.allow(isComplete(editor.value.draft));
  editor.changed.connect(allow);
  allow();
  await dialog.launch();
}
