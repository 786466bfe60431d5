import { addIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useFace } from '../face';
import { useLoaded, useValue } from '../hooks';
import { IconButton } from '../IconButton';
import { Thrown } from '../Problem';
import { ProviderCard } from './ProviderCard';
import { ProviderForm } from './ProviderForm';

/** The providers whose models tasks can name, and the one that answers where they name none. */
export function ModelsSection(): React.ReactElement {
  const { gateway, trans } = useFace();
  const rest = gateway.modelRest;
  const load = React.useCallback(() => rest.providers(), [rest]);
  const { models } = useValue(gateway.news);
  const { value, problem, reload } = useLoaded(load, String(models));
  /** Which one is being written down. */
  const [edited, edit] = React.useState<'new' | number | null>(null);
  const close = async (): Promise<void> => {
    await reload();
    edit(null);
  };
  const add = trans.__('Add provider…');
  const items = value?.items ?? [];
  return (
    <section className="wegent-Settings" aria-labelledby="wegent-models">
      <header>
        <h2 id="wegent-models">{trans.__('Models')}</h2>
        {edited !== 'new' && (
          <IconButton
            accent
            icon={addIcon}
            label={add}
            text={add}
            onClick={() => edit('new')}
          />
        )}
      </header>
      <p className="wegent-Hint">
        {trans.__(
          'Where the models come from that agents use: an address, a key, and the names of models. Without any, every agent uses its own login on its device. Keys are encrypted here, given to the one agent that runs a turn, and never shown again.'
        )}
      </p>
      {edited === 'new' && (
        <ProviderForm
          saved={null}
          onSaved={close}
          onCancel={() => edit(null)}
        />
      )}
      <Thrown error={problem} />
      {items.map(provider =>
        edited === provider.id ? (
          <ProviderForm
            key={provider.id}
            saved={provider}
            onSaved={close}
            onCancel={() => edit(null)}
          />
        ) : (
          <ProviderCard
            key={provider.id}
            provider={provider}
            onEdit={() => edit(provider.id)}
            onGone={reload}
          />
        )
      )}
      {value && items.length === 0 && edited === null && <None />}
    </section>
  );
}

function None(): React.ReactElement {
  const { trans } = useFace();
  return (
    <div className="wegent-Empty">
      <p>
        {trans.__(
          'No provider yet. Add one to use a key instead of a login, a server of your own, or a certain model.'
        )}
      </p>
    </div>
  );
}
