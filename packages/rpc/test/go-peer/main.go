// A ttRPC peer in Go, made of containerd's own packages: the other side of go.peer.test.ts.
//
//	go-peer serve SOCKET   serves the task service until standard input ends
//	go-peer describe       prints the messages and methods of containerd's definitions as JSON
//	go-peer call SOCKET    calls a task service and prints what it learns as JSON
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	_ "github.com/containerd/containerd/api/events"
	task "github.com/containerd/containerd/api/runtime/task/v3"
	_ "github.com/containerd/containerd/api/services/ttrpc/events/v1"
	types "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "describe" {
		fail(describe())
		return
	}
	if len(os.Args) != 3 {
		fail(errors.New("usage: go-peer describe | serve SOCKET | call SOCKET"))
	}
	switch os.Args[1] {
	case "serve":
		fail(serve(os.Args[2]))
	case "call":
		fail(call(os.Args[2]))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// service answers the few methods the test calls; the rest panic, which would fail it.
type service struct {
	task.TTRPCTaskService
}

func (service) Create(_ context.Context, r *task.CreateTaskRequest) (*task.CreateTaskResponse, error) {
	if r.Options.GetTypeUrl() != "wherry.engine.v1.GuestSpec" || len(r.Rootfs) != 1 {
		return nil, status.Errorf(codes.InvalidArgument, "unexpected request: %v", r)
	}
	return &task.CreateTaskResponse{Pid: uint32(len(r.Options.Value))}, nil
}

func (service) State(_ context.Context, r *task.StateRequest) (*task.StateResponse, error) {
	return &task.StateResponse{
		ID: r.ID, Pid: 1<<32 - 1, Status: types.Status_STOPPED, ExitStatus: 137,
		ExitedAt: &timestamppb.Timestamp{Seconds: 1_700_000_000, Nanos: 999_999_999}, Stdout: "ü",
	}, nil
}

func (service) Kill(_ context.Context, r *task.KillRequest) (*emptypb.Empty, error) {
	return nil, status.Errorf(codes.NotFound, "no process %q", r.ID)
}

func (service) Wait(ctx context.Context, _ *task.WaitRequest) (*task.WaitResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (service) Stats(_ context.Context, r *task.StatsRequest) (*task.StatsResponse, error) {
	return &task.StatsResponse{Stats: &anypb.Any{TypeUrl: "bytes", Value: make([]byte, 3<<20)}}, nil
}

func serve(socket string) error {
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	task.RegisterTTRPCTaskService(server, service{})
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println("ready")
	if err := server.Serve(context.Background(), listener); !errors.Is(err, ttrpc.ErrServerClosed) {
		return err
	}
	return nil
}

func call(socket string) error {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	raw := ttrpc.NewClient(connection)
	client := task.NewTTRPCTaskClient(raw)
	ctx := ttrpc.WithMetadata(context.Background(), ttrpc.MD{"tenant": {"blue"}})
	seen := map[string]any{}

	created, err := client.Create(ctx, &task.CreateTaskRequest{ID: "c1", Bundle: "/b", Terminal: true,
		Options: &anypb.Any{TypeUrl: "t", Value: []byte{1, 2, 3}}})
	if err != nil {
		return err
	}
	seen["create"] = created.Pid

	state, err := client.State(ctx, &task.StateRequest{ID: "c1"})
	if err != nil {
		return err
	}
	seen["state"] = []any{state.ID, state.Status.String(), state.ExitStatus, state.ExitedAt.AsTime().UnixNano()}

	_, err = client.Kill(ctx, &task.KillRequest{ID: "c1", Signal: 9})
	seen["kill"] = []string{status.Code(err).String(), status.Convert(err).Message()}

	_, err = client.Pause(ctx, &task.PauseRequest{ID: "c1"})
	seen["pause"] = status.Code(err).String()

	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = client.Wait(short, &task.WaitRequest{ID: "c1"})
	seen["wait"] = errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded

	_, err = client.Start(ctx, &task.StartRequest{ID: strings.Repeat("x", 5<<20)})
	seen["large"] = err != nil

	var group sync.WaitGroup
	answers := make([]uint32, 50)
	for index := range answers {
		group.Add(1)
		go func() {
			defer group.Done()
			started, err := client.Start(ctx, &task.StartRequest{ID: strings.Repeat("x", index)})
			if err == nil {
				answers[index] = started.Pid
			}
		}()
	}
	group.Wait()
	seen["start"] = answers

	var one emptypb.Empty
	err = raw.Call(ctx, "no.such.Service", "Method", &one, &one)
	seen["unknown"] = status.Code(err).String()
	return json.NewEncoder(os.Stdout).Encode(seen)
}

// describe prints {message: {field: [number, kind, cardinality, type]}} and {service: {method: [input, output]}}.
func describe() error {
	all := map[string]map[string][]any{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			message := file.Messages().Get(i)
			fields := map[string][]any{}
			for j := range message.Fields().Len() {
				field := message.Fields().Get(j)
				var of string
				if field.Message() != nil && !field.IsMap() {
					of = string(field.Message().FullName())
				} else if field.Enum() != nil {
					of = string(field.Enum().FullName())
				}
				fields[string(field.Name())] = []any{field.Number(), field.Kind().String(), field.IsList(), field.IsMap(), of}
			}
			all[string(message.FullName())] = fields
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			methods := map[string][]any{}
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				methods[string(method.Name())] = []any{method.Input().FullName(), method.Output().FullName()}
			}
			all[string(service.FullName())] = methods
		}
		return true
	})
	return json.NewEncoder(os.Stdout).Encode(all)
}
