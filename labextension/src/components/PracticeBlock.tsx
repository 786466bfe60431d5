import * as React from 'react';

import { Commands } from '../commands';
import { chooseDevice, onlyPractice } from '../model/choices';
import { issuedKinds } from '../model/modelMenu';
import { practiceLabel, PRACTICES } from '../model/practice';
import { Disclosure } from './Disclosure';
import { useFace } from './face';
import { useAction, useValue } from './hooks';

/** The way in for someone who has no agent and no account yet. */
export function PracticeBlock(): React.ReactElement | null {
  const { gateway, trans, commands } = useFace();
  const device = chooseDevice(useValue(gateway.devices), null);
  const issued = issuedKinds(useValue(gateway.modelMenu));
  const tasks = useValue(gateway.tasks);
  const { busy, run } = useAction();
  if (!device || !onlyPractice(device, issued)) {
    return null;
  }
  return (
    <section
      className="wegent-Card"
      aria-label={trans.__('Try the practice agent')}
    >
      <Disclosure
        open={tasks.length === 0}
        summary={trans.__('Try the practice agent: no AI, no network')}
      >
        <p className="wegent-Hint">
          {trans.__(
            'A script that behaves like an agent, in a folder of its own.'
          )}
        </p>
        {PRACTICES.map(which => (
          <button
            key={which}
            type="button"
            className="wegent-Button wegent-mod-wide"
            disabled={busy}
            onClick={() =>
              run(() => commands.execute(Commands.tryPractice, { which }))
            }
          >
            {practiceLabel(trans, which)}
          </button>
        ))}
      </Disclosure>
    </section>
  );
}
