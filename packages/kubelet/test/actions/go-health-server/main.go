// A health service in Go, made of gRPC's own packages: the other side of grpc-health.peer.test.ts.
//
// It prints its port, knows the services "" and "up", which serve, and "down", which does not, and ends with its standard input.
package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	service := health.NewServer()
	service.SetServingStatus("up", grpc_health_v1.HealthCheckResponse_SERVING)
	service.SetServingStatus("down", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	healthy, bare := grpc.NewServer(), grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(healthy, service)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go healthy.Serve(listener)
	go bare.Serve(other)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, other.Addr().(*net.TCPAddr).Port)
	io.Copy(io.Discard, os.Stdin)
}
