import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IProject, ProjectState } from '../../api/projects';
import type { IDevice } from '../../api/types';
import { Commands } from '../../commands';
import { capabilityNotice, obstacle } from '../../model/projectWords';
import { unhidden } from '../../model/text';
import { useFace, useTrans } from '../face';
import { useAction } from '../hooks';
import { IconButton } from '../IconButton';
import { MenuButton, openMenu } from '../menu';
import { Fix, Thrown } from '../Problem';
import { State } from '../State';
import { TerminalButton } from '../TerminalButton';
import { ProjectDetails } from './ProjectDetails';
import { ProjectProgress } from './ProjectProgress';
import { projectMenu } from './projectMenu';

interface IProjectRowProps {
  project: IProject;
  device: IDevice | undefined;
  /** The composer's next task goes there. */
  aimed: boolean;
}

/** A project: where it is, how it stands, and what can be done there. */
export const ProjectRow = React.memo(function ProjectRow(
  props: IProjectRowProps
) {
  const { trans, commands } = useFace();
  const { project, device, aimed } = props;
  const [open, setOpen] = React.useState(false);
  const id = React.useId();
  const menu = (): ReturnType<typeof projectMenu> =>
    projectMenu(project, capabilityNotice(trans, device) !== '');
  const reason = obstacle(trans, project);
  const line = useInSight(project.state);
  return (
    <li
      ref={line}
      className="wegent-Project"
      data-project-id={project.id}
      data-state={project.state}
      data-aimed={aimed}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        openMenu(commands, menu(), event);
      }}
    >
      <div className="wegent-RowTop">
        <IconButton
          icon={open ? caretDownIcon : caretRightIcon}
          label={trans.__('Details of %1', project.name)}
          expanded={open}
          onClick={() => setOpen(!open)}
        />
        <button
          type="button"
          className="wegent-RowMain"
          aria-current={aimed}
          aria-describedby={id}
          disabled={reason !== ''}
          title={
            reason
              ? trans.__('%1: %2', project.name, reason)
              : trans.__('New task in %1', project.name)
          }
          onClick={() =>
            void commands.execute(Commands.newTask, { project: project.id })
          }
        >
          <span className="wegent-Title">{project.name}</span>
        </button>
        <TerminalButton
          device={device}
          project={project.id}
          label={trans.__('Open a terminal in %1', project.name)}
          reason={reason}
        />
        <MenuButton
          label={trans.__('More about %1', project.name)}
          items={menu}
        />
      </div>
      <div className="wegent-ProjectBody">
        <Facts id={id} {...props} />
        {project.state === 'preparing' && (
          <ProjectProgress progress={project.progress} name={project.name} />
        )}
        {project.state === 'failed' && <Failure project={project} />}
        {open && <ProjectDetails project={project} device={device} />}
      </div>
    </li>
  );
});

/** Brings what was just asked for into sight, and what it came to if that needs somebody. */
function useInSight(state: ProjectState): React.RefObject<HTMLLIElement> {
  const line = React.useRef<HTMLLIElement>(null);
  const before = React.useRef<ProjectState | null>(null);
  React.useEffect(() => {
    const needed =
      state === 'preparing' || (state === 'failed' && before.current !== null);
    before.current = state;
    if (needed) {
      line.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [state]);
  return line;
}

/** On which device and where it is; the end of a path tells more than its beginning. */
function Facts(props: IProjectRowProps & { id: string }): React.ReactElement {
  const trans = useTrans();
  const { project, device, id } = props;
  const path = unhidden(project.path ?? '');
  return (
    <div id={id} className="wegent-Facts wegent-mod-line">
      <span className="wegent-Title">
        {device?.name ?? trans.__('unknown device')}
      </span>
      {path && (
        <span className="wegent-Where" title={path}>
          <span className="wegent-Path">
            <bdi>{path}</bdi>
          </span>
        </span>
      )}
      {project.repository && <span>{trans.__('Git')}</span>}
    </div>
  );
}

/** Why its directory is not there, and another try. */
function Failure(props: { project: IProject }): React.ReactElement {
  const trans = useTrans();
  const { gateway } = useFace();
  const { id, error } = props.project;
  const { busy, problem, run } = useAction();
  return (
    <>
      <div className="wegent-Facts">
        <State state="failed" />
        <span>
          <button
            type="button"
            className="wegent-Link"
            disabled={busy}
            onClick={() =>
              run(async () => {
                await gateway.projectRest.prepare(id);
              })
            }
          >
            {trans.__('Try again')}
          </button>
        </span>
      </div>
      {error && (
        <div className="wegent-Reason" title={unhidden(error.message)}>
          {unhidden(error.message)}
        </div>
      )}
      {error?.fix && <Fix command={error.fix} />}
      <Thrown error={problem} />
    </>
  );
}
