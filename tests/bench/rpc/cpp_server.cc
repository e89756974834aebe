// cpp_server ADDRESS: bench.Echo/Unary by gRPC's own C++ asynchronous API, one completion queue and one thread that
// polls it: the usual way to serve one core well. For tests/bench/rpc/echo.py.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>

#include "bench/rpc/echo.grpc.pb.h"

namespace
{

struct Call {
    bench::Echo::AsyncService *service;
    grpc::ServerCompletionQueue *queue;
    grpc::ServerContext context;
    bench::EchoRequest request;
    bench::EchoResponse response;
    grpc::ServerAsyncResponseWriter<bench::EchoResponse> writer{&context};
    bool answered = false;

    Call(bench::Echo::AsyncService *s, grpc::ServerCompletionQueue *q) : service(s), queue(q)
    {
        service->RequestUnary(&context, &request, &writer, queue, queue, this);
    }

    void Proceed(bool ok)
    {
        if (!ok || answered) {
            delete this;
            return;
        }
        new Call(service, queue);
        response.set_id(request.id());
        response.set_status("RESERVED");
        *response.mutable_lines() = request.lines();
        response.set_note(request.note());
        answered = true;
        writer.Finish(response, grpc::Status::OK, this);
    }
};

} // namespace

int main(int argc, char **argv)
{
    int port = 0;
    bench::Echo::AsyncService service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(argc > 1 ? argv[1] : "127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service);
    auto queue = builder.AddCompletionQueue();
    auto server = builder.BuildAndStart();
    std::printf("%d\n", port);
    std::fflush(stdout);
    for (int i = 0; i < 64; i++)
        new Call(&service, queue.get());
    void *tag;
    bool ok;
    while (queue->Next(&tag, &ok))
        static_cast<Call *>(tag)->Proceed(ok);
}
