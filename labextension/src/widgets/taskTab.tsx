import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { IFace } from '../components/face';
import { RenderMimeContext } from '../components/Rendered';
import { TaskView } from '../components/TaskView';
import { wegentIcon } from '../icons';
import type { TaskSession } from '../model/session';
import type { Follower } from '../model/sessions';
import { FaceWidget } from './faceWidget';

/** One task, followed as long as the tab is open; closing it does not stop the task. */
export class TaskTab extends FaceWidget {
  constructor(
    face: IFace,
    private readonly follower: Follower,
    rendermime: IRenderMimeRegistry
  ) {
    super(
      face,
      <RenderMimeContext.Provider value={rendermime}>
        <TaskView session={follower.session} />
      </RenderMimeContext.Provider>
    );
    this.addClass('wegent-Task');
    this.node.dataset.taskId = String(this.taskId);
    this.title.icon = wegentIcon;
    this.title.closable = true;
    this.title.label = face.trans.__('Task');
    this.tasks = face.gateway.tasks;
    this.tasks.changed.connect(this.onTasks, this);
    this.onTasks();
  }

  get session(): TaskSession {
    return this.follower.session;
  }

  get taskId(): number {
    return this.session.taskId;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.tasks.changed.disconnect(this.onTasks, this);
      this.follower.dispose();
      super.dispose();
    }
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.querySelector('textarea')?.focus();
  }

  private onTasks(): void {
    const task = this.tasks.get(this.taskId);
    if (task) {
      this.title.label = task.title;
      this.title.caption = task.title;
      // JupyterLab finds the widget of a tab by the `id` that it keeps there, too.
      this.title.dataset = {
        ...this.title.dataset,
        'wegent-state': task.waiting > 0 ? 'waiting' : task.state
      };
    }
  }

  private readonly tasks: IFace['gateway']['tasks'];
}
