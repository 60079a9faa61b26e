/** The stories, told on the embedded server and, where one can be had, on a real one: the real one is right. */
import { applyStories } from './stories/apply.ts';
import { coreStories } from './stories/core.ts';
import { crudStories } from './stories/crud.ts';
import { deletionStories } from './stories/deletion.ts';
import { patchStories } from './stories/patch.ts';
import { readingStories } from './stories/reading.ts';
import { validationStories } from './stories/validation.ts';
import { onEveryServer } from './server.ts';

onEveryServer((client) => {
  crudStories(client);
  patchStories(client);
  applyStories(client);
  validationStories(client);
  deletionStories(client);
  readingStories(client);
  coreStories(client);
});
