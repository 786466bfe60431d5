import * as React from 'react';

import { currentShown } from '../model/states';
import type { TaskSession } from '../model/session';
import { WorkspaceContext } from './DiffView';
import { useFace } from './face';
import { GatewayNotice } from './GatewayNotice';
import { useFrameValue, useValue } from './hooks';
import { Thrown } from './Problem';
import { Reply } from './Reply';
import { TaskHeader } from './TaskHeader';
import { Transcript } from './Transcript';

/** A task: header, transcript, reply. */
export function TaskView(props: { session: TaskSession }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { session } = props;
  const tasks = useValue(gateway.tasks);
  const devices = useValue(gateway.devices);
  const turns = useFrameValue(session.turns);
  const problem = useValue(session.problem);

  const task = tasks.find(one => one.id === session.taskId);
  const device = devices.find(one => one.device_id === task?.device_id);
  const agent = device?.agents.find(one => one.id === task?.agent);
  const agentName = agent?.name ?? task?.agent ?? '';
  const turn = currentShown(turns);
  return (
    <>
      {task && <TaskHeader {...{ task, turn, device, agentName }} />}
      <GatewayNotice />
      <Thrown error={problem} />
      {turns.length === 0 && !problem && (
        <p className="wegent-Empty">{trans.__('Loading…')}</p>
      )}
      <WorkspaceContext.Provider value={task?.workspace ?? null}>
        <Transcript turns={turns} />
      </WorkspaceContext.Provider>
      {task && <Reply task={task} turn={turn} steering={!!agent?.steering} />}
    </>
  );
}
