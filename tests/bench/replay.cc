// replay ADDRESS METHOD CLIENTS < CALLS: unary calls, each once, by CLIENTS that wait for their answers, through gRPC's
// own C++ client. CALLS is a sequence of (token, message), each a little-endian u32 length and its bytes. Prints one
// line: calls, failures, seconds, and the 50th, 99th percentile and maximum of a call in microseconds.
//
// replay ADDRESS METHOD PER_SECOND DEADLINE_MS < CALLS: calls that come when they come, whether others were answered or
// not (a Poisson process). The line: calls, answered OK, refused as too many, late, failed otherwise, seconds from the
// first call to the last, and the 50th and 99th percentile in microseconds of those that were answered.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace
{

using Clock = std::chrono::steady_clock;

struct Job {
    std::string authorization;
    grpc::ByteBuffer message;
};

class Replay
{
  public:
    Replay(const std::string &address, std::string method, std::vector<Job> jobs)
        : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
          method_(std::move(method)), jobs_(std::move(jobs))
    {
    }

    void Run(int clients)
    {
        const auto start = Clock::now();
        for (int i = 0; i < clients; i++)
            Next();
        void *tag;
        bool ok;
        while (took_us_.size() < jobs_.size() && queue_.Next(&tag, &ok)) {
            std::unique_ptr<Call> call(static_cast<Call *>(tag));
            took_us_.push_back(Microseconds(call->start));
            if (!call->status.ok() && failed_++ == 0)
                std::cerr << call->status.error_message() << "\n";
            Next();
        }
        Report(Microseconds(start));
    }

    void RunOpen(double per_s, int deadline_ms)
    {
        std::mt19937 random(1);
        std::exponential_distribution<double> pause_s(per_s);
        const auto start = Clock::now();
        auto due = start;
        void *tag;
        bool ok;
        deadline_ms_ = deadline_ms;
        while (next_ < jobs_.size() || ended_ < jobs_.size()) {
            for (; next_ < jobs_.size() && Clock::now() >= due; Next()) {
                due += std::chrono::duration_cast<Clock::duration>(
                    std::chrono::duration<double>(pause_s(random)));
                last_ = Clock::now();
            }
            const auto until = next_ < jobs_.size() ? due - Clock::now() : std::chrono::seconds(60);
            if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + until) ==
                grpc::CompletionQueue::GOT_EVENT)
                End(std::unique_ptr<Call>(static_cast<Call *>(tag)));
        }
        std::sort(took_us_.begin(), took_us_.end());
        std::printf("%zu %zu %zu %zu %zu %.6f %lld %lld\n", jobs_.size(), took_us_.size(), refused_,
                    late_, failed_, std::chrono::duration<double>(last_ - start).count(),
                    Percentile(50), Percentile(99));
    }

  private:
    struct Call {
        Clock::time_point start = Clock::now();
        grpc::ClientContext context;
        grpc::ByteBuffer answer;
        grpc::Status status;
        std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    };

    static int64_t Microseconds(Clock::time_point since)
    {
        return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since).count();
    }

    void Next()
    {
        if (next_ == jobs_.size())
            return;
        const Job &job = jobs_[next_++];
        Call *call = new Call;
        call->context.AddMetadata("authorization", job.authorization);
        if (deadline_ms_)
            call->context.set_deadline(std::chrono::system_clock::now() +
                                       std::chrono::milliseconds(deadline_ms_));
        call->reader = stub_.PrepareUnaryCall(&call->context, method_, job.message, &queue_);
        call->reader->StartCall();
        call->reader->Finish(&call->answer, &call->status, call);
    }

    void End(std::unique_ptr<Call> call)
    {
        ended_++;
        switch (call->status.error_code()) {
        case grpc::StatusCode::OK: took_us_.push_back(Microseconds(call->start)); break;
        case grpc::StatusCode::RESOURCE_EXHAUSTED: refused_++; break;
        case grpc::StatusCode::DEADLINE_EXCEEDED: late_++; break;
        default:
            if (failed_++ == 0)
                std::cerr << call->status.error_message() << "\n";
        }
    }

    void Report(int64_t elapsed_us)
    {
        std::sort(took_us_.begin(), took_us_.end());
        std::printf("%zu %zu %.6f %lld %lld %lld\n", took_us_.size(), failed_,
                    static_cast<double>(elapsed_us) / 1e6, Percentile(50), Percentile(99),
                    Percentile(100));
    }

    long long Percentile(size_t percent) const
    {
        return took_us_.empty()
                   ? 0
                   : took_us_[std::min(took_us_.size() - 1, took_us_.size() * percent / 100)];
    }

    grpc::CompletionQueue queue_;
    grpc::GenericStub stub_;
    const std::string method_;
    const std::vector<Job> jobs_;
    size_t next_ = 0;
    size_t ended_ = 0;
    size_t failed_ = 0;
    size_t refused_ = 0;
    size_t late_ = 0;
    int deadline_ms_ = 0; // 0: none
    Clock::time_point last_;
    std::vector<int64_t> took_us_;
};

bool ReadField(std::istream &in, std::string *field)
{
    unsigned char length[4];
    if (!in.read(reinterpret_cast<char *>(length), sizeof length))
        return false;
    field->resize(length[0] | length[1] << 8 | length[2] << 16 |
                  static_cast<uint32_t>(length[3]) << 24);
    return static_cast<bool>(in.read(field->data(), static_cast<std::streamsize>(field->size())));
}

std::vector<Job> ReadJobs(std::istream &in)
{
    std::vector<Job> jobs;
    std::string token, message;
    while (ReadField(in, &token) && ReadField(in, &message)) {
        const grpc::Slice slice(message);
        jobs.push_back({"Bearer " + token, grpc::ByteBuffer(&slice, 1)});
    }
    return jobs;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        std::cerr << "usage: replay ADDRESS METHOD {CLIENTS | PER_SECOND DEADLINE_MS} < CALLS\n";
        return 2;
    }
    std::vector<Job> jobs = ReadJobs(std::cin);
    if (jobs.empty()) {
        std::cerr << "no calls to send\n";
        return 2;
    }
    Replay replay(argv[1], argv[2], std::move(jobs));
    if (argc == 5)
        replay.RunOpen(std::atof(argv[3]), std::atoi(argv[4]));
    else
        replay.Run(std::atoi(argv[3]));
}
