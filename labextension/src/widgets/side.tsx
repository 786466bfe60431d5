import type { ITranslator } from '@jupyterlab/translation';
import {
  CommandToolbarButton,
  SidePanel,
  Toolbar
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { MessageLoop, type Message } from '@lumino/messaging';
import { AccordionPanel, Widget, type PanelLayout } from '@lumino/widgets';
import * as React from 'react';

import { Commands } from '../commands';
import { DeviceList } from '../components/DeviceList';
import type { IFace } from '../components/face';
import { NeedsYou } from '../components/NeedsYou';
import { ProjectList } from '../components/projects/ProjectList';
import { SidePanelTop } from '../components/SidePanelTop';
import { TaskList } from '../components/TaskList';
import { wegentIcon } from '../icons';
import { Aim } from '../model/aim';
import type { Observable } from '../model/observable';
import { needsYou } from '../model/words';
import type { IWegentSettings } from '../tokens';
import { FaceWidget } from './faceWidget';

/** In the tab of the sidebar while something waits for the user. */
const WAITING = 'wegent-mod-waiting';

/** The sidebar: composer on top; what needs the user, tasks, devices and projects below. */
export class WegentSide extends SidePanel {
  /** Where the composer's next task goes. */
  readonly aim: Aim;

  constructor(options: {
    face: IFace;
    settings: IWegentSettings;
    folder: Observable<string | null>;
    translator: ITranslator;
  }) {
    super({ translator: options.translator });
    const { face, settings, folder } = options;
    const { trans } = face;
    this.face = face;
    this.aim = new Aim(face.gateway.devices);
    this.id = 'wegent-side';
    this.addClass('wegent-Side');
    this.title.icon = wegentIcon;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Wegent'));

    this.top = new FaceWidget(
      face,
      <SidePanelTop settings={settings} folder={folder} aim={this.aim} />
    );
    this.top.addClass('wegent-SideTop');
    (this.layout as PanelLayout).insertWidget(0, this.top);
    this.needs = section(face, '', <NeedsYou />);
    this.needs.addClass('wegent-Needs');
    this.tasks = section(face, trans.__('Tasks'), <TaskList />);
    this.devices = section(face, trans.__('Devices'), <DeviceList />);
    this.devices.toolbar = toolbarWith(face.commands, Commands.addDevice);
    this.projects = section(
      face,
      trans.__('Projects'),
      <ProjectList aim={this.aim} />
    );
    this.projects.toolbar = toolbarWith(face.commands, Commands.newProject);
    [this.tasks, this.devices, this.projects].forEach(one =>
      this.addWidget(one)
    );
    this.unfold(this.projects, false);
    face.gateway.approvals.changed.connect(this.onApprovals, this);
    face.gateway.tasks.changed.connect(this.onTasks, this);
    face.gateway.projects.changed.connect(this.onProjects, this);
    this.onApprovals();
    this.onProjects();
    if (this.content instanceof AccordionPanel) {
      this.content.handleMoved.connect(() => (this.arranged = true));
      this.content.expansionToggled.connect(() => this.fitSections());
    }
    this.resized = new ResizeObserver(() => this.fitSections());
    this.resized.observe(this.content.node);
  }

  /** Put the cursor where the next message is written. */
  focusComposer(): void {
    this.top.node.querySelector('textarea')?.focus();
  }

  override dispose(): void {
    this.face.gateway.approvals.changed.disconnect(this.onApprovals, this);
    this.face.gateway.tasks.changed.disconnect(this.onTasks, this);
    this.face.gateway.projects.changed.disconnect(this.onProjects, this);
    this.needs.dispose();
    this.resized.disconnect();
    super.dispose();
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.focusComposer();
  }

  /** The section of what needs the user is there only while something does; the sidebar's tab tells, too. */
  private onApprovals(): void {
    const { trans, gateway } = this.face;
    const count = gateway.approvals.value.length;
    this.needs.title.label = trans.__('Needs you (%1)', count);
    if (count > 0 && this.needs.parent === null) {
      this.insertWidget(0, this.needs);
      this.fitSections();
    } else if (count === 0) {
      this.needs.parent = null;
    }
    this.title.className = count > 0 ? WAITING : '';
    this.title.caption =
      count > 0
        ? trans.__('Wegent: %1', needsYou(trans, count))
        : trans.__('Wegent: agents on your computers');
  }

  /** Where there are no tasks yet, the agents need the room. */
  private onTasks(): void {
    const hasTasks = this.face.gateway.tasks.value.length > 0;
    if (hasTasks !== this.hasTasks) {
      this.hasTasks = hasTasks;
      this.fitSections();
    }
  }

  /** Folded up while there are none, which leaves the room to others; a new one shows. */
  private onProjects(): void {
    const count = this.face.gateway.projects.value.length;
    if (count > this.projectCount) {
      this.unfold(this.projects, true);
    }
    this.projectCount = count;
  }

  private unfold(part: Section, open: boolean): void {
    if (this.content instanceof AccordionPanel) {
      const at = this.content.widgets.indexOf(part);
      if (open) {
        this.content.expand(at);
      } else {
        this.content.collapse(at);
      }
    }
  }

  /**
   * The part above grows and shrinks with what it shows, which Lumino's layout does not see.
   * Lumino takes the same from each section, which leaves the smaller one nothing, and gives one that unfolds none:
   * share anew until the user does.
   */
  private fitSections(): void {
    if (!this.arranged && this.content instanceof AccordionPanel) {
      // Before it has seen that a section came or unfolded, the layout would give its share to the others.
      MessageLoop.sendMessage(this.content, Widget.Msg.FitRequest);
      const shares = new Map<Widget, number>([
        [this.needs, 8],
        [this.tasks, this.hasTasks ? 3 : 1],
        [this.devices, this.hasTasks ? 2 : 3],
        [this.projects, 2]
      ]);
      this.content.setRelativeSizes(
        this.content.widgets.map(one =>
          one.isHidden ? 0 : (shares.get(one) ?? 0)
        )
      );
    }
    MessageLoop.sendMessage(this.content, Widget.ResizeMessage.UnknownSize);
  }

  private readonly face: IFace;
  private readonly needs: FaceWidget;
  private readonly tasks: Section;
  private readonly devices: Section;
  private readonly projects: Section;
  private readonly top: FaceWidget;
  private readonly resized: ResizeObserver;
  private arranged = false;
  private hasTasks = false;
  private projectCount = 0;
}

/** A part of the sidebar; JupyterLab puts its toolbar into its title. */
class Section extends FaceWidget {
  toolbar?: Toolbar;
}

function section(
  face: IFace,
  label: string,
  content: React.ReactElement
): Section {
  const made = new Section(face, content);
  made.addClass('wegent-Section');
  made.title.label = label;
  return made;
}

function toolbarWith(commands: CommandRegistry, id: string): Toolbar {
  const toolbar = new Toolbar();
  toolbar.addItem(id, new CommandToolbarButton({ commands, id, label: '' }));
  return toolbar;
}
