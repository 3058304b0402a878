throw new Error('POSTGRES_URL: not set: put the URL of the database');
