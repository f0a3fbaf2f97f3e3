/* Secrets of a machine: what the builder declares in the image, and what is sent to the machine. docs/formats.md tells the
 * whole of it.
 *
 * SECRETS_FILE has lines of fields that tabs separate (FIELD_SPECIAL), a word first:
 *
 *   aether-secrets 1
 *   machine NAME                              of the recipe
 *   secret NAME MODE OWNER GROUP [users] [empty]    MODE octal; owner and group are names or numbers; `users`: before the
 *                                             users, `empty`: may be empty. What follows belongs to it:
 *     sops FILE FORMAT [KEY…]                 a file below SECRETS_SOPS; FORMAT of sops; no key: all of the file
 *     sent                                    from what was sent, by the secret's name
 *     link PATH                               where it is found besides
 *     restart UNIT…                           when it has changed
 *     reload UNIT…
 *     need UNIT…                              units that cannot start without it
 *   template NAME MODE OWNER GROUP            a file made of secrets, with link, restart, reload and need as above, and
 *     text TEXT                               its parts in their order
 *     value NAME                              … of a secret
 *   password USER NAME                        the hash of a user's password is the value of this secret */
#ifndef CONTRACT_SECRETS_H
#define CONTRACT_SECRETS_H

#define SECRETS_PROGRAM "/usr/lib/aether/secrets"
#define SECRETS_FILE "/usr/lib/aether/secrets.list"
#define SECRETS_SOPS "/usr/lib/aether/sops" /* the files of SOPS that travel in the image: DIGEST.EXTENSION, 0400 root */
enum { SECRETS_VERSION = 1 };

#define SECRETS_HEAD "aether-secrets"
#define SECRETS_MACHINE "machine"
#define SECRETS_SECRET "secret"
#define SECRETS_TEMPLATE "template"
#define SECRETS_PASSWORD "password"
#define SECRETS_FROM_SOPS "sops"
#define SECRETS_FROM_SENT "sent"
#define SECRETS_LINK "link"
#define SECRETS_RESTART "restart"
#define SECRETS_RELOAD "reload"
#define SECRETS_NEED "need"
#define SECRETS_TEXT "text"
#define SECRETS_VALUE "value"
#define SECRETS_FLAG_USERS "users"
#define SECRETS_FLAG_EMPTY "empty"

/* Where values are: a link to the newest generation. Templates are in a folder of it. */
#define SECRETS_RUN "/run/secrets"
#define SECRETS_RUN_USERS "/run/secrets-for-users"
#define SECRETS_RENDERED "rendered"
#define SECRETS_GENERATIONS ".d" /* SECRETS_RUN SECRETS_GENERATIONS "/N" */

/* Kept on the machine, root's alone. */
#define SECRETS_STATE "/var/lib/aether/secrets"
#define SECRETS_IDENTITY "identity"             /* an identity file of age; the newest first */
#define SECRETS_IDENTITY_BEFORE "identity.before" /* the one before, until it is retired */
#define SECRETS_BOUND "product-uuid"            /* of the machine that took the identity */
#define SECRETS_SENT "sent"                     /* what was sent, sealed */
#define SECRETS_SENT_BEFORE "sent.before"       /* … before, for the previous image's names */
#define SECRETS_HOST_KEY "/var/lib/aether/identity/ssh_host_ed25519_key" /* made on the first boot … */
#define SECRETS_HOST_KEY_ELSEWHERE "/etc/ssh/ssh_host_ed25519_key" /* … or by whoever does it otherwise */
#define SECRETS_TAKEN "taken"                   /* recipients of identities that discs have brought, a line each */

/* The state of each declared secret and template, as the agent reads it: lines of fields, NAME STATE REASON. The name of a
 * template has SECRETS_RENDERED "/" before it; so no secret's begins with that. */
#define SECRETS_STATUS "/run/aether/secrets"
#define SECRETS_STATE_GOOD "good"
#define SECRETS_STATE_BAD "bad"
#define SECRETS_STATE_PENDING "pending" /* nothing was sent yet, or the machine has no identity that was enrolled */

/* A unit for each secret and template: it has failed when there is none. %i is the name, escaped as systemd-escape(1) does. */
#define SECRETS_UNIT "aether-secrets.service"
#define SECRETS_UNIT_EACH "aether-secret@" /* NAME.service; of a template: rendered-NAME, which is rendered/NAME escaped */

/* What is sent: a file of age, and in it lines of fields that tabs separate, as above (BYTES and SECONDS without zeros in
 * front):
 *
 *   aether-sent 1
 *   machine NAME
 *   made SECONDS                              since 1970; an older one than what is kept is refused
 *   secret NAME BYTES                         … and the bytes and a newline behind it, for each
 *   end */
#define SENT_HEAD "aether-sent"
#define SENT_MACHINE "machine"
#define SENT_MADE "made"
#define SENT_SECRET "secret"
#define SENT_END "end"
enum { SENT_VERSION = 1 };
#define SENT_BYTES_MAX (4 << 20)

/* Words of the program, for whoever reaches the machine as root. It returns 0, 1 with what is wrong, 2 for a wrong call; `take`
 * SECRETS_KEPT with what is wrong, when what was sent is kept, and something else that the machine declares is not good.
 *   place [--boot]        opens all, writes a generation, then restarts what changed (not with --boot)
 *   take                  reads what is sent from its standard input, tries it, keeps it, places
 *   take-identity         reads an identity file, keeps it (the one before becomes identity.before), places
 *   new-identity          makes one, keeps the one before; prints its recipient
 *   retire                forgets the identity before
 *   recipients            prints the recipients of its identities, a line each, the newest first; then the host key's
 *   try FORMAT            reads a file of SOPS from standard input: can it be opened here? 0, or 1 with the reason on stdout
 *   verdict NAME          0, or 1 with the reason (for the unit of a secret)
 *   status [--json]       a line each
 *   open [--format F] --identity FILE [--leaves] FILE [KEY…]      opens a file by hand */
enum { SECRETS_KEPT = 3 };
#define SECRETS_PLACE "place"
#define SECRETS_TAKE "take"
#define SECRETS_TAKE_IDENTITY "take-identity"
#define SECRETS_NEW_IDENTITY "new-identity"
#define SECRETS_RETIRE "retire"
#define SECRETS_RECIPIENTS "recipients"
#define SECRETS_TRY "try"
#define SECRETS_VERDICT "verdict"
#define SECRETS_SHOW_STATUS "status"
#define SECRETS_OPEN "open"
#define SECRETS_BOOT "--boot"

/* The disc that brings an identity once: an ISO 9660 file system with this label, and in it SECRETS_IDENTITY. */
#define SECRETS_DISC_LABEL "AETHER-ID"

#endif
