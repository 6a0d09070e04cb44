// Package main is a guest made by the Go compiler that serves HTTP on the sockets it finds open.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("unexpected:", err)
		os.Exit(1)
	}
}

func main() {
	count, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	check(err)
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	http.HandleFunc("/echo", func(answer http.ResponseWriter, request *http.Request) {
		_, err := io.Copy(answer, request.Body)
		check(err)
	})
	http.HandleFunc("/file", func(answer http.ResponseWriter, _ *http.Request) {
		text, err := os.ReadFile("/data/file")
		check(err)
		answer.Write(text)
	})
	http.HandleFunc("/slow", func(answer http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		fmt.Fprint(answer, "slow")
	})
	http.HandleFunc("/quit", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	failed := make(chan error)
	for index := range count {
		// All goroutines share one thread, which a blocking accept would hold.
		check(syscall.SetNonblock(3+index, true))
		listener, err := net.FileListener(os.NewFile(uintptr(3+index), names[index]))
		check(err)
		mux := http.NewServeMux()
		mux.HandleFunc("/name", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, names[index]) })
		mux.Handle("/", http.DefaultServeMux)
		go func() { failed <- http.Serve(listener, mux) }()
	}
	check(<-failed)
}
