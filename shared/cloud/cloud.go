// Package cloud connects a Lambda function to the services it names: one AWS
// configuration, and from it the table, the queue and the sockets. It reads no
// environment of its own beyond what the AWS SDK reads; each function's main
// does, so that what a function needs is written where it is used.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"gleaner/shared/apigwpush"
	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
	"gleaner/shared/sqsqueue"
)

// Cloud makes adapters from one AWS configuration.
type Cloud struct{ config aws.Config }

// Connect loads the SDK's configuration as a person's machine has it: region,
// credentials and endpoints of the environment and of profiles.
func Connect(ctx context.Context) (*Cloud, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("cloud: %w", err)
	}
	return &Cloud{config: c}, nil
}

// ConnectFunction does so with the environment alone, where Lambda puts all that a
// function has: region, its role's credentials, and AWS_ENDPOINT_URL or that of one
// service, which override where a service is. Profiles, single sign-on and machine
// roles are more than a tenth of a binary that is loaded at each cold start.
func ConnectFunction() (*Cloud, error) {
	env, err := config.NewEnvConfig()
	if err != nil {
		return nil, fmt.Errorf("cloud: %w", err)
	}
	if env.Region == "" || !env.Credentials.HasKeys() {
		return nil, errors.New("cloud: the environment names no region or holds no credentials (AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)")
	}
	c := aws.Config{
		Region:        env.Region,
		Credentials:   credentials.StaticCredentialsProvider{Value: env.Credentials},
		ConfigSources: []any{env},
	}
	if env.BaseEndpoint != "" {
		c.BaseEndpoint = aws.String(env.BaseEndpoint)
	}
	return &Cloud{config: c}, nil
}

// Table is the store on the table of that name.
func (c *Cloud) Table(name string) *dynamostore.Store {
	return dynamostore.New(dynamostore.NewClient(c.config), name)
}

// Queue is the queue at that URL. Messages carry their job as group unless
// groups is "off", for emulators that refuse groups on standard queues.
func (c *Cloud) Queue(url, groups string) *sqsqueue.Queue {
	return sqsqueue.New(sqs.NewFromConfig(c.config), url, sqsqueue.WithGroups(groups != "off"))
}

// Sockets publishes to the connections of the WebSocket API at endpoint.
func (c *Cloud) Sockets(endpoint string) *apigwpush.Publisher {
	return apigwpush.New(c.config, endpoint)
}

// Logger logs JSON lines to standard output, where Lambda collects them, and is
// made the default. level is debug, info, warn or error; info if empty.
func Logger(level string) *slog.Logger {
	l := slog.LevelInfo
	if level != "" {
		_ = l.UnmarshalText([]byte(level)) // anything else stays at info
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: l}))
	slog.SetDefault(log)
	return log
}

// Main runs a function: run reads the environment by getenv, wires, and starts
// the runtime. If it returns an error, the process ends with it.
func Main(run func(ctx context.Context, getenv func(string) string) error, getenv func(string) string) {
	if err := run(context.Background(), getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Require returns an error that names every variable of names that is not set.
func Require(getenv func(string) string, names ...string) error {
	var missing []string
	for _, n := range names {
		if getenv(n) == "" {
			missing = append(missing, n)
		}
	}
	if len(missing) > 0 {
		return errors.New("cloud: environment variables not set: " + strings.Join(missing, ", "))
	}
	return nil
}

// Workers reads how many workers the installation has at once; empty for as many
// as a job is ever planned for.
func Workers(s string) (int, error) {
	if s == "" {
		return job.MaxWorkers, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("cloud: %q is no number of workers", s)
	}
	return n, nil
}

// List splits a comma-separated variable.
func List(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
