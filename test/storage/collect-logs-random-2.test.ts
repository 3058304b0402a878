import { defineLogLives } from '../support/log-lives.ts';

defineLogLives(1, 2);
