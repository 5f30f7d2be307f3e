/** What the processes need while nothing happens: memory, processor time, requests, and how soon they are ready. */
import { report } from '../output.ts';
import { measureIdle } from './idle.ts';
import { measureServices } from './services.ts';

await report([...(await measureIdle()), ...(await measureServices())]);
