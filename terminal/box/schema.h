/* SPDX-License-Identifier: Apache-2.0 */
/* schema: the tables of box.db.  docs/formats/box-db.md says what each column means. */
#ifndef BOX_SCHEMA_H
#define BOX_SCHEMA_H

#define SCHEMA_APPLICATION_ID 0x43424f58 /* "CBOX" */

/* Statements that make the tables of version BOX_SCHEMA, in order; NULL at the end. */
extern const char *const schema_statements[];

/* Tables that a later program added: older ones pass them over, so the version stays. */
struct schema_addition {
	const char *is_there;          /* a query: 1 or 0 */
	const char *const *statements; /* for a Box of before; NULL at the end */
};

extern const struct schema_addition schema_additions[]; /* is_there NULL at the end */

#endif
