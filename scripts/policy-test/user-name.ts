/** A user's name is part of credentials: it must be valid in a header, a token and the line of an API key. */
export const USER_NAME = /^[A-Za-z][A-Za-z0-9._@-]{0,62}$/;
