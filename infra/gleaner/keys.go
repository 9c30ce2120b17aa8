package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gleaner/shared/apikey"
	"gleaner/shared/client"
)

// keysFlags are those of every command about keys.
type keysFlags struct {
	remoteFlags
	storeFlags
	owner string
	json  bool
}

func (f *keysFlags) register(cmd *cobra.Command, getenv func(string) string) {
	f.remoteFlags.register(cmd, getenv)
	f.storeFlags.register(cmd, "")
	cmd.Flags().StringVar(&f.owner, "owner", localOwner, "with --data or --table: `whose` jobs the key is for; calls without a key on one machine are those of \"local\"")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

func newKeys(getenv func(string) string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, list and revoke API keys",
		Long: `Makes, lists and revokes API keys.

Through a server the keys are those of whoever asks: of the key in GLEANER_KEY, or
on this machine of "local". Directly on a store, with --data or --table, they are
those of --owner; this is how the first key of a deployment is made, whose API
lets nobody in without one. Only hashes of keys are stored: a key is shown once.`,
		Example: `  gleaner keys create laptop --table gleaner-Table-1A2B3C --owner kai   # the first one of a deployment
  gleaner keys create laptop --data gleaner-data
  gleaner keys create intern                                            # of the same owner as GLEANER_KEY
  gleaner keys list
  gleaner keys revoke 01M6GA60M0DK5W05QBN4ZQMGP7`,
	}
	cmd.AddCommand(newKeysCreate(getenv), newKeysList(getenv), newKeysRevoke(getenv))
	return cmd
}

// keyring is where keys are made: a server or a store.
type keyring interface {
	Create(ctx context.Context, name string) (client.Key, string, error)
	List(ctx context.Context) ([]client.Key, error)
	Revoke(ctx context.Context, id string) error
}

// with does something with the keyring that the flags name.
func (f *keysFlags) with(ctx context.Context, create bool, do func(keyring) error) (err error) {
	if !f.given() {
		c, err := f.client()
		if err != nil {
			return err
		}
		return f.explain(do(remoteKeys{c}))
	}
	s, closeStore, err := f.open(ctx, create)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	return do(storedKeys{apikey.New(s, nil, nil), f.owner})
}

type remoteKeys struct{ c *client.Client }

func (k remoteKeys) Create(ctx context.Context, name string) (client.Key, string, error) {
	return k.c.CreateKey(ctx, name)
}
func (k remoteKeys) List(ctx context.Context) ([]client.Key, error) { return k.c.Keys(ctx) }
func (k remoteKeys) Revoke(ctx context.Context, id string) error    { return k.c.RevokeKey(ctx, id) }

type storedKeys struct {
	s     *apikey.Service
	owner string
}

func (k storedKeys) Create(ctx context.Context, name string) (client.Key, string, error) {
	key, secret, err := k.s.Create(ctx, k.owner, name)
	return keyOf(key), secret, err
}

func (k storedKeys) List(ctx context.Context) ([]client.Key, error) {
	found, err := k.s.List(ctx, k.owner)
	keys := make([]client.Key, len(found))
	for i := range found {
		keys[i] = keyOf(found[i])
	}
	return keys, err
}

func (k storedKeys) Revoke(ctx context.Context, id string) error {
	return k.s.Revoke(ctx, k.owner, id)
}

func keyOf(k apikey.Key) client.Key {
	return client.Key{ID: k.ID, Name: k.Name, Prefix: k.Prefix, CreatedAt: k.CreatedAt, LastUsedAt: k.LastUsedAt}
}

func newKeysCreate(getenv func(string) string) *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a key; it is shown this once",
		Example: `  gleaner keys create laptop --table gleaner-Table-1A2B3C --owner kai
  export GLEANER_KEY=$(gleaner keys create laptop --data gleaner-data)`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), true, func(k keyring) error {
				key, secret, err := k.Create(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if f.json {
					return printJSON(cmd.OutOrStdout(), map[string]any{"key": key, "secret": secret})
				}
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), secret); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.ErrOrStderr(), "This is the key %q (id %s). It is not shown again: keep it safe, and set it as GLEANER_KEY.\n", key.Name, key.ID)
				return err
			})
		},
	}
	f.register(cmd, getenv)
	return cmd
}

func newKeysList(getenv func(string) string) *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List keys, newest first",
		Example: "  gleaner keys list\n  gleaner keys list --json\n  gleaner keys list --data gleaner-data --owner kai",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.with(cmd.Context(), false, func(k keyring) error {
				keys, err := k.List(cmd.Context())
				if err != nil {
					return err
				}
				if f.json {
					return printJSON(cmd.OutOrStdout(), keys)
				}
				rows := make([][]string, len(keys))
				for i, key := range keys {
					used := "never"
					if !key.LastUsedAt.IsZero() {
						used = key.LastUsedAt.Local().Format(time.DateTime)
					}
					rows[i] = []string{key.ID, key.Prefix + "…", key.CreatedAt.Local().Format(time.DateTime), used, key.Name}
				}
				return printTable(cmd.OutOrStdout(), []string{"ID", "KEY", "CREATED", "LAST USED", "NAME"}, rows)
			})
		},
	}
	f.register(cmd, getenv)
	return cmd
}

func newKeysRevoke(getenv func(string) string) *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a key at once",
		Example: "  gleaner keys revoke 01M6GA60M0DK5W05QBN4ZQMGP7",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), false, func(k keyring) error {
				err := k.Revoke(cmd.Context(), args[0])
				if errors.Is(err, apikey.ErrNotFound) || client.NotFound(err) {
					return fmt.Errorf("there is no key with the id %q (see: gleaner keys list)", args[0])
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is revoked\n", args[0])
				return err
			})
		},
	}
	f.register(cmd, getenv)
	return cmd
}
