import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';

import { Commands } from '../commands';
import { wegentIcon } from '../icons';
import { sectionCommand, SECTIONS, type Section } from '../model/sections';
import { IWegent } from '../tokens';
import { SettingsTab } from '../widgets/settingsTab';

const NAME = 'wegent-settings';

/** The settings that the gateway keeps, in a tab. */
export const settingsTabPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:settings-tab',
  description: 'Connections, models, skills and personal settings of Wegent',
  autoStart: true,
  requires: [IWegent],
  optional: [ILabShell, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null
  ) => {
    const { commands, shell } = app;
    const tracker = new WidgetTracker<MainAreaWidget<SettingsTab>>({
      namespace: NAME
    });
    const open = (
      section: Section | undefined,
      activate: boolean
    ): SettingsTab => {
      const widget = tracker.currentWidget ?? make();
      if (section) {
        widget.content.section.set(section);
      }
      if (!widget.isAttached) {
        shell.add(widget, labShell ? 'main' : 'right', { type: 'Wegent' });
      }
      if (activate) {
        shell.activateById(widget.id);
      }
      return widget.content;
    };
    const make = (): MainAreaWidget<SettingsTab> => {
      const content = new SettingsTab({ ...wegent, commands });
      const widget = new MainAreaWidget({ content });
      widget.id = NAME;
      widget.toolbar.hide();
      content.section.changed.connect(() => void tracker.save(widget));
      void tracker.add(widget);
      return widget;
    };
    commands.addCommand(Commands.openSettings, {
      label: args => sectionCommand(wegent.trans, sectionOf(args.section)),
      icon: wegentIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: { section: { type: 'string', enum: [...SECTIONS] } }
        }
      },
      execute: args => {
        open(sectionOf(args.section), args.activate !== false);
      }
    });
    commands.addCommand(Commands.showSkills, {
      label: wegent.trans.__('Skills…'),
      describedBy: {
        args: { type: 'object', properties: { device: { type: 'string' } } }
      },
      execute: args => {
        const { device } = args;
        open('skills', true).device.set(
          typeof device === 'string' ? device : null
        );
      }
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: Commands.openSettings,
        args: ({ content }) => ({
          section: content.section.value,
          activate: false
        }),
        name: () => NAME
      });
    }
  }
};

function sectionOf(name: unknown): Section | undefined {
  return SECTIONS.find(section => section === name);
}
