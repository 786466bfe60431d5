import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import { AccessRest } from '../api/accessRest';
import { AttachmentRest } from '../api/attachmentRest';
import { ApiError } from '../api/caller';
import { ChangesRest } from '../api/changesRest';
import { DeviceRest } from '../api/deviceRest';
import { FileRest } from '../api/fileRest';
import { ModelRest } from '../api/modelRest';
import { PersonalRest } from '../api/personalRest';
import { ProjectRest } from '../api/projectRest';
import { Rest } from '../api/rest';
import { SkillRest } from '../api/skillRest';
import {
  makeSocket,
  watch,
  type IWatched,
  type TaskSocket
} from '../api/socket';
import { TerminalRest } from '../api/terminalRest';
import { makeTerminalSocket } from '../api/terminalSocket';
import type {
  IApproval,
  ICreateTask,
  IDecision,
  ITask,
  IVersion
} from '../api/types';
import { Approvals } from './approvals';
import { Boxes } from './boxes';
import { Comments } from './comments';
import { Devices } from './devices';
import { ModelMenu } from './modelMenu';
import { News } from './news';
import { Cell } from './observable';
import { ChangedFiles } from './openDocuments';
import { Projects } from './projects';
import { Sessions, type Follower } from './sessions';
import { ShownChange } from './shownChange';
import { currentTurn, isFinal } from './states';
import { Tasks } from './tasks';
import { TerminalLink } from './terminalLink';
import { Terminals } from './terminals';
import { Trust } from './trust';

/** Wait before connecting again where Socket.IO itself gives up, in ms. */
const RETRY_DELAY = 3_000;

/** The server answers HTTP but lets no socket through. */
const BLOCKED = new ApiError('No WebSocket', 0, 'websocket');

export interface IConnection {
  /** `first`: never connected since the page was loaded. */
  state: 'first' | 'open' | 'lost';
  /** Why not, when the server says it. */
  problem: ApiError | null;
}

/** This page's view of the gateway: one socket, what it tells, and what can be asked of it. */
export class Gateway implements IDisposable {
  readonly connection = new Cell<IConnection>({
    state: 'first',
    problem: null
  });
  readonly version = new Cell<IVersion | null>(null);
  readonly devices = new Devices();
  readonly tasks = new Tasks();
  readonly approvals = new Approvals();
  readonly terminals = new Terminals();
  readonly projects = new Projects();
  readonly comments = new Comments();
  readonly boxes = new Boxes();
  readonly shownChange = new ShownChange();
  readonly news = new News();
  readonly changedFiles: ChangedFiles;
  readonly trust: Trust;
  readonly rest: Rest;
  readonly deviceRest: DeviceRest;
  readonly access: AccessRest;
  readonly terminalRest: TerminalRest;
  readonly projectRest: ProjectRest;
  readonly changesRest: ChangesRest;
  readonly attachmentRest: AttachmentRest;
  readonly fileRest: FileRest;
  readonly modelRest: ModelRest;
  readonly personalRest: PersonalRest;
  readonly skillRest: SkillRest;
  readonly modelMenu: ModelMenu;
  readonly terminalLink: TerminalLink;

  constructor(settings: ServerConnection.ISettings) {
    this.rest = new Rest(settings);
    this.deviceRest = new DeviceRest(settings);
    this.access = new AccessRest(settings);
    this.terminalRest = new TerminalRest(settings);
    this.projectRest = new ProjectRest(settings);
    this.changesRest = new ChangesRest(settings);
    this.attachmentRest = new AttachmentRest(settings);
    this.fileRest = new FileRest(settings);
    this.modelRest = new ModelRest(settings);
    this.personalRest = new PersonalRest(settings);
    this.skillRest = new SkillRest(settings);
    this.modelMenu = new ModelMenu(this.modelRest, this.personalRest);
    this.news.changed.connect(() => void this.modelMenu.load());
    this.changedFiles = new ChangedFiles(this.devices, this.rest);
    this.trust = new Trust(this.deviceRest);
    this.socket = makeSocket(settings);
    this.sessions = new Sessions(this.socket);
    this.terminalLink = new TerminalLink(() => makeTerminalSocket(this.socket));
    this.listen();
    this.socket.connect();
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Follow a task, alone or with others, until the hold on it is disposed. */
  open(taskId: number): Follower {
    return this.sessions.open(taskId);
  }

  async createTask(request: ICreateTask): Promise<ITask> {
    const { task } = await this.rest.createTask(request);
    this.tasks.offer([task]);
    return task;
  }

  /** Make sure that a task's snapshot is known, also of one too old for the list. */
  async ensure(taskId: number): Promise<void> {
    if (!this.tasks.get(taskId)) {
      this.tasks.offer([await this.rest.task(taskId)]);
    }
  }

  /** Add older tasks to the list; says how many there are in all. */
  async loadOlder(): Promise<number> {
    const { items, total } = await this.rest.tasks(this.lastListed);
    this.tasks.offer(items);
    this.lastListed = items.at(-1)?.id ?? this.lastListed;
    return total;
  }

  /** Stop a turn, or else the one that the task is about now. */
  async stop(taskId: number, turnId?: number): Promise<void> {
    const id = turnId ?? (await this.stoppable(taskId));
    if (id !== undefined) {
      await this.rest.cancel(taskId, id);
    }
  }

  /** Answer an approval; gives what became of it. */
  async decide(id: string, decision: IDecision): Promise<IApproval> {
    const approval = await this.rest.decide(id, decision);
    this.approvals.put(approval);
    return approval;
  }

  /** Let a device look at its agents again. */
  async refreshAgents(deviceId: string): Promise<void> {
    const { items } = await this.deviceRest.refreshAgents(deviceId);
    this.devices.putAgents(deviceId, items);
  }

  async setAgentPath(
    deviceId: string,
    agent: string,
    path: string
  ): Promise<void> {
    const { items } = await this.deviceRest.setAgentPath(deviceId, agent, path);
    this.devices.putAgents(deviceId, items);
  }

  dispose(): void {
    this.disposed = true;
    this.sessions.dispose();
    this.terminalLink.dispose();
    this.socket.disconnect();
  }

  private async stoppable(taskId: number): Promise<number | undefined> {
    const turn = currentTurn((await this.rest.task(taskId)).turn_list);
    return turn && !isFinal(turn.state) ? turn.id : undefined;
  }

  private listen(): void {
    const { socket } = this;
    socket.on('connect', () => void this.sync());
    socket.on('disconnect', () => void this.onLost(null));
    socket.on('connect_error', () => void this.onLost(BLOCKED));
    socket.on('gateway', version => this.onVersion(version));
    socket.on('device:update', device => this.devices.put(device));
    socket.on('device:removed', data => this.devices.drop(data.device_id));
    socket.on('task:update', task => this.tasks.put(task));
    socket.on('approval:update', one => this.approvals.put(one));
    socket.on('terminal:update', one => this.terminals.put(one));
    socket.on('terminal:removed', one => this.terminals.drop(one.session_id));
    socket.on('project:update', project => this.projects.put(project));
    socket.on('project:removed', ({ id }) => this.projects.drop(id));
    socket.on('settings', ({ what }) => this.news.tell(what));
    socket.on('lagged', ({ task_id }) => this.sessions.join(task_id));
    socket.on('task:events', ({ task_id, events }, ack) => {
      if (this.sessions.apply(task_id, events)) {
        ack();
      }
    });
  }

  /** Learn what is there and catch up with every open task. */
  private async sync(): Promise<void> {
    let known: IWatched;
    try {
      known = await watch(this.socket);
      this.version.set(known.version);
      this.devices.reset(known.devices);
      this.tasks.reset(known.tasks);
      this.lastListed = known.tasks.at(-1)?.id ?? 0;
      this.approvals.reset(known.approvals);
      this.terminals.reset(known.terminals ?? []);
      this.projects.reset(known.projects ?? []);
    } catch (error) {
      await this.onLost(error as ApiError);
      return;
    }
    this.connection.set({ state: 'open', problem: null });
    if (known.version.state === 'running') {
      this.news.tellAll();
    }
    this.sessions.join();
    for (const id of this.sessions.ids) {
      this.ensure(id).catch(() => undefined);
    }
  }

  private onVersion(version: IVersion): void {
    const began =
      version.state === 'running' && this.version.value?.state !== 'running';
    this.version.set(version);
    if (began) {
      void this.sync();
    }
  }

  /** Say that the connection is lost, ask the server why, and see that it is tried again. */
  private async onLost(problem: ApiError | null): Promise<void> {
    const state = this.connection.value.state === 'first' ? 'first' : 'lost';
    this.connection.set({ state, problem: this.connection.value.problem });
    if (!this.socket.active || this.socket.connected) {
      setTimeout(() => this.retry(), RETRY_DELAY);
    }
    const found = await this.rest.version().then(
      version => {
        this.version.set(version);
        return problem;
      },
      (error: unknown) => error as ApiError
    );
    if (this.connection.value.state !== 'open') {
      this.connection.set({ state, problem: found });
    }
  }

  /** Try again where Socket.IO does not do so by itself. */
  private retry(): void {
    if (this.disposed) {
      return;
    }
    if (this.socket.connected) {
      void this.sync();
    } else {
      this.socket.connect();
    }
  }

  private readonly socket: TaskSocket;
  private readonly sessions: Sessions;
  /** The list is known down to this task; single older ones may be known, too. */
  private lastListed = 0;
  private disposed = false;
}
