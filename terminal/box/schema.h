/* SPDX-License-Identifier: Apache-2.0 */
/* schema: the tables of box.db.  docs/formats/box-db.md says what each column means. */
#ifndef BOX_SCHEMA_H
#define BOX_SCHEMA_H

#define SCHEMA_APPLICATION_ID 0x43424f58 /* "CBOX" */

/* Statements that make the tables of version BOX_SCHEMA, in order; NULL at the end. */
extern const char *const schema_statements[];

/* Statements for a Box that was made before there was the table `threads`: older programs pass it over,
 * so the version stays.  Sources that have messages are read again.  NULL at the end. */
extern const char *const schema_added_threads[];

#endif
