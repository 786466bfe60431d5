import * as React from 'react';

import { Commands } from '../../commands';
import { chosenProject, type Aim } from '../../model/aim';
import { Empty } from '../Empty';
import { useFace } from '../face';
import { useValue } from '../hooks';
import { List } from '../List';
import { PushButton } from '../PushButton';
import { ProjectRow } from './ProjectRow';

/** The projects of all devices; one of them may be where the composer's next task goes. */
export function ProjectList(props: { aim: Aim }): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const projects = useValue(gateway.projects);
  const devices = useValue(gateway.devices);
  const aimed = chosenProject(useValue(props.aim.place), projects);
  if (projects.length === 0) {
    return (
      <Empty
        text={trans.__(
          'No projects yet. A project is a folder or a Git repository on a device, ready for tasks and terminals.'
        )}
      >
        <PushButton
          text={trans.__('New project…')}
          onClick={() => void commands.execute(Commands.newProject)}
        />
      </Empty>
    );
  }
  return (
    <List>
      {projects.map(project => (
        <ProjectRow
          key={project.id}
          project={project}
          device={devices.find(one => one.device_id === project.device_id)}
          aimed={project.id === aimed?.id}
        />
      ))}
    </List>
  );
}
