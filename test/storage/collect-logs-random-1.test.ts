import { defineLogLives } from '../support/log-lives.ts';

defineLogLives(0, 2);
